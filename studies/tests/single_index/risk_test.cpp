/// Expected errors: exact polynomials, draws, and the theory's figures.

#include "sextant/studies/single_index/risk.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "single_index/setup.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::single_index;
using Eigen::VectorXd;
using sextant::test::close;

TEST_CASE("quadrature has the moments of a standard normal") {
  for (const int count : {1, 2, 7, 120}) {
    CAPTURE(count);
    const NormalQuadrature rule = normal_quadrature(count);
    double moment = 1;  // 1, 1, 3, 15, 105, ...
    for (int power = 0; power < std::min(2 * count, 12); power += 2) {
      CHECK(rule.weights.dot(rule.nodes.array().pow(power).matrix()) == close(moment, 1e-11));
      CHECK(std::abs(rule.weights.dot(rule.nodes.array().pow(power + 1).matrix())) <
            1e-10 * moment);
      moment *= power + 1;
    }
  }
  CHECK_THROWS_AS(normal_quadrature(0), ArgumentError);
  CHECK_THROWS_AS(normal_quadrature(257), ArgumentError);
}

TEST_CASE("excess errors of polynomials are closed form") {
  for (const double c : {-0.4, 0.0, 0.5}) {
    const generators::SingleIndexTask task{VectorXd::Ones(1), c, generators::LinkFamily::cubic,
                                           0.7};
    const auto link = [&](const VectorXd& s) {
      return VectorXd(s.unaryExpr([&](double at) { return task.signal(at); }));
    };
    const auto zero = [](const VectorXd& s) { return VectorXd(VectorXd::Zero(s.size())); };
    for (const double overlap : {1.0, 0.8, 0.0, -0.5, -1.0}) {
      // He3 and He4 correlate as overlap^3 and overlap^4.
      const double expected =
          2 * (1 - std::pow(overlap, 3)) + 2 * c * c * (1 - std::pow(overlap, 4));
      CHECK(std::abs(excess_risk(task, overlap, link) - expected) < 1e-11);
      CHECK(excess_risk(task, overlap, zero) == close(1 + c * c, 1e-11));
    }
    CHECK_THROWS_AS(excess_risk(task, 1.01, zero), ArgumentError);
    CHECK_THROWS_AS(excess_risk(task, std::nan(""), zero), ArgumentError);
  }
}

TEST_CASE("excess errors of a bent readout agree with draws") {
  const generators::SingleIndexTask task{VectorXd::Ones(1), 0.5, generators::LinkFamily::cubic, 0};
  const auto f = [](const VectorXd& s) { return VectorXd((s.array() - 0.5).max(0.0) * 1.5); };
  Random random(4);
  const double overlap = 0.9;
  double mean = 0, square = 0;
  constexpr int draws = 200'000;
  VectorXd s(1);
  for (int i = 0; i < draws; ++i) {
    const double z = random.normal();
    s[0] = overlap * z + std::sqrt(1 - overlap * overlap) * random.normal();
    const double error = std::pow(task.signal(z) - f(s)[0], 2);
    mean += error / draws;
    square += error * error / draws;
  }
  const double standard_error = std::sqrt((square - mean * mean) / draws);
  const double exact = excess_risk(task, overlap, f);
  CHECK(std::abs(exact - mean) < 3 * standard_error);
  CHECK(std::abs(excess_risk(task, -overlap, f) - mean) > 5 * standard_error);
}

TEST_CASE("the in-context floor: the theory's figures, and a binned simulation") {
  generators::SingleIndexFamily family;
  const double spreads[] = {0, 0.25, 0.5, 1};
  const double floors[] = {0.06, 0.18, 0.40, 0.74};
  for (int i = 0; i < 4; ++i) {
    family.link_spread = spreads[i];
    // The theory's own figures are +-0.015, from bins that bias them up.
    CHECK(std::abs(in_context_floor(family, 3) - floors[i]) < 0.015);
  }
  // No clip: .00 / .02 / .07 / .25 without noise.
  const double open[] = {0, 0.02, 0.07, 0.25};
  for (int i = 0; i < 4; ++i) {
    family.link_spread = spreads[i];
    CHECK(std::abs(in_context_floor(family, 1e9) - family.sigma2 - open[i]) < 0.015);
  }
  // Draws of (c, z) with attention itself over a long context, in bins of its value.
  family.link_spread = 0.5;
  Random random(6);
  const Attention attention{3, 1, 0};
  family.dimension = family.rank = 1;
  struct Draw {
    double attention, signal;
  };
  std::vector<Draw> draws;
  for (int i = 0; i < 60; ++i) {
    const auto task =
        generators::draw_single_index_task(family, Eigen::MatrixXd::Ones(1, 1), random);
    const auto context = generators::draw_labelled_inputs(task, 40'000, random);
    const Eigen::MatrixXd queries = normal_matrix(1, 100, random);
    // r = 4: g0 = 1/2.
    const VectorXd values =
        attention_values(attention, Eigen::MatrixXd::Constant(1, 1, 0.5), context, queries);
    for (Eigen::Index q = 0; q < 100; ++q) {
      draws.push_back({values[q], task.signal(task.beta[0] * queries(0, q))});
    }
  }
  std::sort(draws.begin(), draws.end(),
            [](const Draw& a, const Draw& b) { return a.attention < b.attention; });
  double variance = 0;
  constexpr std::size_t bin = 60;
  for (std::size_t first = 0; first + bin <= draws.size(); first += bin) {
    double sum = 0, square = 0;
    for (std::size_t i = first; i < first + bin; ++i) {
      sum += draws[i].signal;
      square += draws[i].signal * draws[i].signal;
    }
    variance += (square - sum * sum / bin) * bin / (bin - 1);
  }
  family.rank = 4;
  family.dimension = 4;
  const double simulated = variance / static_cast<double>(draws.size()) + family.sigma2;
  CHECK(std::abs(simulated - in_context_floor(family, 3)) < 0.08);
  CHECK_THROWS_AS(in_context_floor(family, 0), ArgumentError);
  CHECK_THROWS_AS(in_context_floor(family, 3, 0), ArgumentError);
}
