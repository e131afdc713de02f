/// The rules against each other in the benchmark: R(S), an exact expectation, relative to no update
/// (theory Sec. 7).

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <map>
#include <span>
#include <vector>

#include "sextant/subspace/ranking.hpp"
#include "support/random_blocks.hpp"

using namespace sextant;
using namespace sextant::subspace;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using spectral::Benchmark;

namespace {

constexpr Method compared_methods[] = {Method::risk,   Method::query_aware,
                                       Method::trace,  Method::greedy_correction,
                                       Method::random, Method::trace_bottom};
constexpr Index examples = 10;
constexpr Index heads = 48;

/// 48 heads of mixed scale and rank. The query's gradient in a head has a scale of its own,
/// `spread` (standard deviation of its logarithm) away from that of the examples.
struct HeadProblem {
  HeadProblem(std::uint64_t stream, double spread) {
    Random random(2026, stream);
    std::vector<Index> ranks;
    std::vector<double> scales;
    for (Index b = 0; b < heads; ++b) {
      ranks.push_back(1 + static_cast<Index>(random.below(16)));
      scales.push_back(std::exp(random.normal()) / std::sqrt(static_cast<double>(ranks.back())));
    }
    blocks = test::random_blocks(random, examples, 1, ranks, scales);
    for (Index b = 0; b < heads; ++b) {
      const double factor = std::exp(spread * random.normal());
      blocks.query_gradients[b] *= factor;
      blocks.query_kernels[0].col(b) *= factor;
      blocks.query_variances(0, b) *= factor * factor;
    }
    full = spectral::decompose(geometry::summed_kernel(blocks.view()));
    model = {1, 0.5 * full.trace / static_cast<double>(examples)};
    MatrixXd covariance = geometry::summed_kernel(blocks.view());
    covariance.diagonal().array() += model.sigma2;
    residuals = covariance.llt().matrixL() * normal_matrix(examples, 1, random);
  }

  /// R / R(no update) of the first `sizes` blocks that `method` chooses.
  std::vector<double> relative_risks(Method method, std::int64_t horizon,
                                     std::span<const Index> sizes, std::uint64_t seed) const {
    RankingOptions options;
    options.method = method;
    options.budget = sizes.back();
    options.update.horizon = horizon;
    options.seed = seed;
    const Ranking ranking = rank_blocks(blocks.view(), full, residuals, model, options);
    const double none = UpdateRisk(blocks.view(), model).no_update();
    std::vector<double> risks;
    for (const Index size : sizes) {
      const auto chosen = std::span(ranking.order).first(static_cast<std::size_t>(size));
      risks.push_back(risk_of(blocks.view(), chosen, model, options.update) / none);
    }
    return risks;
  }

  test::RandomBlocks blocks;
  spectral::Eigensystem full;
  Benchmark model;
  VectorXd residuals;
};

/// Mean over problems per method and size.
std::map<Method, std::vector<double>> mean_risks(int problems, double spread, std::int64_t horizon,
                                                 const std::vector<Index>& sizes) {
  std::map<Method, std::vector<double>> mean;
  for (int p = 0; p < problems; ++p) {
    const HeadProblem problem(static_cast<std::uint64_t>(p), spread);
    for (const Method method : compared_methods) {
      const auto risks =
          problem.relative_risks(method, horizon, sizes, static_cast<std::uint64_t>(p));
      mean[method].resize(sizes.size());
      for (std::size_t k = 0; k < sizes.size(); ++k) mean[method][k] += risks[k] / problems;
    }
  }
  return mean;
}

}  // namespace

TEST_CASE("at one block risk is the best of all rules in every geometry") {
  const std::vector<Index> one = {1};
  std::map<Method, double> mean;
  for (std::uint64_t p = 0; p < 12; ++p) {
    const HeadProblem problem(p, 0.5);
    std::map<Method, double> risk;
    for (const Method method : compared_methods) {
      risk[method] = problem.relative_risks(method, 8, one, p)[0];
      mean[method] += risk[method] / 12;
    }
    for (const Method method : compared_methods) CHECK(risk[Method::risk] <= risk[method] + 1e-12);
  }
  for (const Method method : compared_methods) {
    if (method != Method::risk) CHECK(mean[Method::risk] < mean[method] - 0.01);
  }
  CHECK(mean[Method::trace] < mean[Method::trace_bottom]);
}

// Run by hand: test_subspace --no-skip -tc="table*"
TEST_CASE("table of the rules' expected errors by budget" * doctest::skip()) {
  const std::vector<Index> sizes = {1, 2, 4, 8, 16, 32};
  for (const double spread : {0.0, 0.5, 1.0}) {
    for (const std::int64_t horizon : {8, 30}) {
      fmt::print("spread {}, T = {}; blocks {}\n", spread, horizon, "1 2 4 8 16 32");
      const auto mean = mean_risks(40, spread, horizon, sizes);
      for (const Method method : compared_methods) {
        fmt::print("{:20}", name_of(method));
        for (const double risk : mean.at(method)) fmt::print(" {:6.3f}", risk);
        fmt::print("\n");
        if (method != Method::risk) CHECK(mean.at(Method::risk)[0] < mean.at(method)[0]);
      }
    }
  }
}
