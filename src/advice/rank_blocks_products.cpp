#include "sextant/advice/rank_blocks_products.hpp"

#include <fmt/format.h>

#include <limits>

#include "ranked_blocks.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::advice {

BlockRanking rank_blocks(const std::vector<geometry::Block>& blocks,
                         const subspace::EstimatedScores& scores, const HorizonChoice& whole,
                         const BlockRankingOptions& options) {
  constexpr std::string_view here = "rank_blocks";
  using subspace::Method;
  if (subspace::is_greedy(options.method) || options.method == Method::random) {
    throw ArgumentError(here, "method",
                        fmt::format("is {}, and from products only query-aware, trace and "
                                    "trace-bottom are known",
                                    subspace::name_of(options.method)));
  }
  check_size(here, "scores", static_cast<std::size_t>(scores.values.size()), blocks.size());
  check_size(here, "errors", static_cast<std::size_t>(scores.errors.size()), blocks.size());
  BlockRanking result;
  result.method = options.method;
  result.sigma2 = whole.benchmark.sigma2;
  result.tau2 = whole.benchmark.tau2;
  result.errors = scores.errors;
  Eigen::VectorXd values = scores.values;
  if (options.per_parameter) {
    for (Eigen::Index b = 0; b < values.size(); ++b) {
      const auto parameters = static_cast<double>(blocks[static_cast<std::size_t>(b)].parameters);
      values[b] /= parameters;
      result.errors[b] /= parameters;
    }
  }
  subspace::Ranking ranking = subspace::rank_by_scores(values, options.method, options.budget);
  ranking.prompt_as_queries = whole.queries.empty();
  take_ranking(ranking, blocks, result);
  result.horizon = options.horizon.value_or(whole.t_map);
  result.against_evidence = !options.horizon && whole.t_map == 0;
  if (result.against_evidence) {
    result.warnings.emplace_back(
        "The evidence prefers no update at all; the scores do not depend on T.");
  }
  result.error_none = result.error_selected = result.error_bayes =
      std::numeric_limits<double>::quiet_NaN();
  return result;
}

}  // namespace sextant::advice
