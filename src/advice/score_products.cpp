#include "sextant/advice/score_products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"

namespace sextant::advice {

Scoring score(const std::vector<geometry::Block>& blocks, const subspace::EstimatedScores& scores,
              const Selection& whole, const ScoreOptions& options) {
  constexpr std::string_view here = "score";
  using subspace::Method;
  const auto count = static_cast<Eigen::Index>(blocks.size());
  if (subspace::is_greedy(options.method) || options.method == Method::random) {
    throw ArgumentError(here, "method",
                        fmt::format("is {}, and from products only query-aware, trace and "
                                    "trace-bottom are known",
                                    subspace::name_of(options.method)));
  }
  check_size(here, "scores", static_cast<std::size_t>(scores.values.size()), blocks.size());
  check_size(here, "errors", static_cast<std::size_t>(scores.errors.size()), blocks.size());
  const Eigen::Index budget = options.budget.value_or(count);
  if (budget < 1 || budget > count) {
    throw ArgumentError(here, "budget", fmt::format("is {}, expected 1 to {}", budget, count));
  }
  Scoring result;
  result.method = options.method;
  result.sigma2 = whole.benchmark.sigma2;
  result.tau2 = whole.benchmark.tau2;
  result.alone = scores.values;
  result.errors = scores.errors;
  if (options.per_parameter) {
    for (Eigen::Index b = 0; b < count; ++b) {
      const auto parameters = static_cast<double>(blocks[static_cast<std::size_t>(b)].parameters);
      result.alone[b] /= parameters;
      result.errors[b] /= parameters;
    }
  }
  std::vector<Eigen::Index> order(blocks.size());
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  const double sign = options.method == Method::trace_bottom ? 1 : -1;
  std::ranges::stable_sort(order, {}, [&](Eigen::Index b) { return sign * result.alone[b]; });
  for (std::size_t k = 0; k < order.size(); ++k) {
    const geometry::Block& block = blocks[static_cast<std::size_t>(order[k])];
    result.ranking.push_back({order[k], block.name, block.layer, block.head, block.kind,
                              block.parameters, result.alone[order[k]], static_cast<int>(k) + 1});
    if (static_cast<Eigen::Index>(k) < budget) {
      result.selected.push_back(block.name);
      result.selected_indices.push_back(order[k]);
    }
  }
  result.horizon = options.horizon.value_or(whole.t_map);
  result.queries_used = whole.queries.empty() ? "prompt" : "queries";
  result.error_none = result.error_selected = result.error_bayes =
      std::numeric_limits<double>::quiet_NaN();
  return result;
}

}  // namespace sextant::advice
