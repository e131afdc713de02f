#include "sextant/subspace/ranking.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "sextant/core/errors.hpp"
#include "sextant/subspace/scores.hpp"
#include "support/random_blocks.hpp"

using namespace sextant;
using namespace sextant::subspace;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using spectral::Benchmark;
using test::RandomBlocks;

namespace {

constexpr Method every_method[] = {Method::query_aware,       Method::trace, Method::trace_bottom,
                                   Method::greedy_correction, Method::risk,  Method::random};

struct Ranker {
  const RandomBlocks& blocks;
  Benchmark model{1, 1};
  VectorXd residuals = VectorXd::Ones(blocks.examples());
  spectral::Eigensystem full = spectral::decompose(geometry::summed_kernel(blocks.view()));

  Ranking operator()(const RankingOptions& options) const {
    return rank_blocks(blocks.view(), full, residuals, model, options);
  }
};

RankingOptions options_with(Method method, std::optional<Index> budget = {}) {
  RankingOptions options;
  options.method = method;
  options.budget = budget;
  return options;
}

}  // namespace

TEST_CASE("every rule ranks, keeps its budget and names itself") {
  Random random(1);
  const RandomBlocks blocks = test::random_blocks(random, 5, 2, {1, 2, 3, 4}, {1, 3, 0.5, 2});
  const Ranker rank{blocks};
  for (const Method method : every_method) {
    CAPTURE(name_of(method));
    CHECK(method_from_name(name_of(method)) == method);
    const Ranking three = rank(options_with(method, 3));
    CHECK(three.method == method);
    CHECK(three.selected == 3);
    CHECK_FALSE(three.prompt_as_queries);
    CHECK(three.order.size() == (is_greedy(method) ? 3 : 4));
    CHECK(three.scores.size() == three.order.size());
    CHECK(three.greedy.has_value() == is_greedy(method));
    CHECK(three.alone.size() == 4);
    std::vector<Index> sorted = three.order;
    std::ranges::sort(sorted);
    CHECK(std::ranges::adjacent_find(sorted) == sorted.end());
    const Ranking all = rank(options_with(method));
    if (method != Method::risk) CHECK(all.selected == 4);
    for (const Index budget : {0, 5}) {
      CHECK_THROWS_AS(rank(options_with(method, budget)), ArgumentError);
    }
  }
  CHECK_THROWS_WITH_AS(method_from_name("rsik"),
                       "method: \"rsik\" is unknown, expected one of query-aware, trace, "
                       "trace-bottom, greedy-correction, risk, random",
                       ArgumentError);
}

TEST_CASE("scores order the blocks, with ties by index and optionally per parameter") {
  Random random(2);
  RandomBlocks blocks = test::random_blocks(random, 4, 1, {2, 2, 2}, {1, 1, 5});
  blocks.kernels[1] = blocks.kernels[0];
  const Ranker rank{blocks};
  const VectorXd scores = trace_scores(blocks.view(), rank.full, rank.model);
  const Ranking top = rank(options_with(Method::trace));
  CHECK(top.order == std::vector<Index>{2, 0, 1});
  CHECK(top.scores[1] == scores[0]);
  CHECK(rank(options_with(Method::trace_bottom)).order == std::vector<Index>{0, 1, 2});
  RankingOptions options = options_with(Method::trace);
  const std::vector<std::int64_t> parameters = {100, 1, 100};
  options.parameters = parameters;
  const Ranking weighed = rank(options);
  CHECK(weighed.order.front() == 1);
  CHECK(weighed.scores[0] == scores[1]);
  CHECK(weighed.alone[2] == scores[2] / 100);
  options.method = Method::risk;
  CHECK_NOTHROW(rank(options));
  options.method = Method::random;
  CHECK_THROWS_AS(rank(options), ArgumentError);
  options.method = Method::trace;
  options.parameters = std::span(parameters).first(2);
  CHECK_THROWS_AS(rank(options), ArgumentError);
}

TEST_CASE("known scores are ranked as those of the rules, and greedy rules have none") {
  const Eigen::VectorXd scores{{2, 5, 2, 1}};
  const Ranking down = rank_by_scores(scores, Method::trace, 2);
  CHECK(down.order == std::vector<Eigen::Index>{1, 0, 2, 3});
  CHECK(down.scores == std::vector<double>{5, 2, 2, 1});
  CHECK(down.selected == 2);
  const Ranking up = rank_by_scores(scores, Method::trace_bottom, {});
  CHECK(up.order == std::vector<Eigen::Index>{3, 0, 2, 1});
  CHECK(up.selected == 4);
  CHECK_THROWS_AS(rank_by_scores(scores, Method::risk, {}), ArgumentError);
  CHECK_THROWS_AS(rank_by_scores(scores, Method::trace, 5), ArgumentError);
}

TEST_CASE("random follows its seed and prefers no block") {
  Random random(3);
  const RandomBlocks blocks = test::random_blocks(random, 2, 1, {1, 1, 1});
  const Ranker rank{blocks};
  std::map<Index, int> first;
  const int draws = 3000;
  for (int seed = 0; seed < draws; ++seed) {
    RankingOptions options = options_with(Method::random, 1);
    options.seed = static_cast<std::uint64_t>(seed);
    const Ranking ranking = rank(options);
    ++first[ranking.order.front()];
    if (seed == 5) CHECK(rank(options).order == ranking.order);
    CHECK(std::ranges::is_sorted(ranking.scores, std::greater()));
  }
  const double sigma = std::sqrt(draws * (1.0 / 3) * (2.0 / 3));
  for (const Index b : {0, 1, 2}) CHECK(std::abs(first[b] - draws / 3.0) < 4 * sigma);
}
