#include "sextant/subspace/ranking.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/subspace/scores.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// In the order of `Method`.
constexpr std::string_view method_names[] = {"query-aware",       "trace", "trace-bottom",
                                             "greedy-correction", "risk",  "random"};

void check_budget(std::optional<Index> budget, Index blocks) {
  if (budget && (*budget < 1 || *budget > blocks)) {
    throw ArgumentError(
        "rank_blocks", "budget",
        fmt::format("is {}, expected between 1 and the number of blocks, {}", *budget, blocks));
  }
}

void check_ranking_options(const geometry::BlockMatrices& blocks, const RankingOptions& options) {
  check_budget(options.budget, blocks.count());
  if (options.parameters.empty()) return;
  if (options.method == Method::random) {
    throw ArgumentError("rank_blocks", "parameters", "have no meaning for the method random");
  }
  check_size("rank_blocks", "parameters", options.parameters.size(), blocks.kernels.size());
  for (std::size_t b = 0; b < options.parameters.size(); ++b) {
    if (options.parameters[b] < 1) {
      throw ArgumentError("rank_blocks", "parameters",
                          fmt::format("[{}] is {}, expected at least 1", b, options.parameters[b]));
    }
  }
}

VectorXd block_scores(const geometry::BlockMatrices& blocks, const spectral::Eigensystem& full,
                      const spectral::Benchmark& model, const RankingOptions& options) {
  VectorXd scores(blocks.count());
  if (options.method == Method::random) {
    Random random(options.seed);
    for (double& score : scores) score = random.uniform();
    return scores;
  }
  scores = options.method == Method::query_aware ? query_aware_scores(blocks, full, model)
                                                 : trace_scores(blocks, full, model);
  if (!options.parameters.empty()) {
    for (Index b = 0; b < blocks.count(); ++b) {
      scores[b] /= static_cast<double>(options.parameters[b]);
    }
  }
  return scores;
}

}  // namespace

std::string_view name_of(Method method) { return method_names[static_cast<std::size_t>(method)]; }

Method method_from_name(std::string_view name) {
  const auto* const found = std::ranges::find(method_names, name);
  if (found == std::end(method_names)) {
    throw ArgumentError(
        "method", fmt::format("\"{}\"", name),
        fmt::format("is unknown, expected one of {}", fmt::join(method_names, ", ")));
  }
  return static_cast<Method>(found - std::begin(method_names));
}

bool is_greedy(Method method) {
  return method == Method::risk || method == Method::greedy_correction;
}

Ranking rank_by_scores(const VectorXd& scores, Method method, std::optional<Index> budget) {
  if (is_greedy(method)) {
    throw ArgumentError("rank_by_scores", "method",
                        fmt::format("is {}, whose scores are those of sets", name_of(method)));
  }
  check_budget(budget, scores.size());
  Ranking result;
  result.method = method;
  result.alone = scores;
  result.order.resize(static_cast<std::size_t>(scores.size()));
  std::iota(result.order.begin(), result.order.end(), Index{0});
  const double sign = method == Method::trace_bottom ? 1 : -1;
  std::ranges::stable_sort(result.order, {}, [&](Index b) { return sign * scores[b]; });
  for (const Index b : result.order) result.scores.push_back(scores[b]);
  result.selected = budget.value_or(scores.size());
  return result;
}

Ranking rank_blocks(const geometry::BlockMatrices& blocks, const spectral::Eigensystem& full,
                    const Eigen::Ref<const VectorXd>& residuals, const spectral::Benchmark& model,
                    const RankingOptions& options) {
  check_ranking_options(blocks, options);
  Ranking result;
  if (is_greedy(options.method)) {
    const GreedyOptions greedy{options.update, options.budget, options.parameters};
    result.greedy = options.method == Method::risk
                        ? select_by_risk(blocks, model, greedy)
                        : select_by_correction(blocks, residuals, greedy);
    result.order = result.greedy->order;
    result.scores = result.greedy->criterion;
    result.alone = result.greedy->alone;
    result.selected = static_cast<Index>(result.order.size());
  } else {
    result =
        rank_by_scores(block_scores(blocks, full, model, options), options.method, options.budget);
  }
  result.method = options.method;
  result.prompt_as_queries = blocks.prompt_as_queries();
  return result;
}

}  // namespace sextant::subspace
