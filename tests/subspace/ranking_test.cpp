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
  spectral::Eigensystem full = spectral::decompose(summed_kernel(blocks.view()));

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

TEST_CASE("at one block risk is the best of all rules, in R and on average over geometries") {
  // Heads of mixed scale and rank, n = 10, c = 0.1; R relative to no update.
  std::map<Method, double> mean;
  const int geometries = 12;
  for (int g = 0; g < geometries; ++g) {
    Random random(100, static_cast<std::uint64_t>(g));
    std::vector<Index> widths;
    std::vector<double> scales;
    for (int b = 0; b < 48; ++b) {
      widths.push_back(1 + static_cast<Index>(random.below(16)));
      scales.push_back(std::exp(random.normal()) / std::sqrt(static_cast<double>(widths.back())));
    }
    const RandomBlocks blocks = test::random_blocks(random, 10, 1, widths, scales);
    Ranker rank{blocks};
    const double top = rank.full.largest();
    rank.model = {1, 0.05 * top};
    MatrixXd covariance = summed_kernel(blocks.view());
    covariance.diagonal().array() += rank.model.sigma2;
    rank.residuals = covariance.llt().matrixL() * test::normal_matrix(random, 10, 1);
    std::map<Method, double> risk;
    for (const Method method : every_method) {
      const Ranking ranking = rank(options_with(method, 1));
      const std::span<const Index> chosen(ranking.order.data(), 1);
      risk[method] = risk_of(blocks.view(), chosen, rank.model, {}) /
                     UpdateRisk(blocks.view(), rank.model).no_update();
      mean[method] += risk[method] / geometries;
    }
    for (const Method method : every_method) CHECK(risk[Method::risk] <= risk[method] + 1e-12);
  }
  CHECK(mean[Method::risk] < mean[Method::query_aware]);
  CHECK(mean[Method::risk] < mean[Method::trace]);
  CHECK(mean[Method::risk] < mean[Method::greedy_correction]);
  CHECK(mean[Method::risk] < mean[Method::random]);
  CHECK(mean[Method::trace] < mean[Method::trace_bottom]);
}
