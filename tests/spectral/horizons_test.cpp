#include "sextant/spectral/horizons.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/grid_minimum.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

std::vector<std::int64_t> range(std::int64_t last) {
  std::vector<std::int64_t> list(static_cast<std::size_t>(last + 1));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// Both kinds of weights on a spectrum, the query's coupling within the range of the kernel.
std::vector<GapWeights> both_weights(const Eigen::VectorXd& values, const Benchmark& benchmark,
                                     Random& random) {
  const Eigen::VectorXd kt = values.cwiseSqrt().cwiseProduct(normal_vector(values.size(), random));
  return {prompt_gap_weights(values, benchmark), query_gap_weights(values, kt, benchmark)};
}

}  // namespace

TEST_CASE("per-mode times make gradient flow equal the Bayes filter") {
  Random random(21);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    for (const double lambda_star : {1e-3, 1.0, 40.0}) {
      const Eigen::VectorXd times = per_mode_times(values, lambda_star);
      const Eigen::VectorXd g = bayes_prompt_filter(values, lambda_star);
      const Eigen::VectorXd q = bayes_query_filter(values, lambda_star);
      for (Eigen::Index i = 0; i < values.size(); ++i) {
        const Eigen::VectorXd l = values.segment(i, 1);
        CHECK(flow_prompt_filter(l, times[i])[0] == test::close(g[i], 1e-12));
        CHECK(flow_query_filter(l, times[i])[0] == test::close(q[i], 1e-12));
      }
    }
  }
  const Eigen::Vector3d values(2.0, 1e-300, 0.0);
  CHECK(per_mode_times(values, infinite).isZero(0.0));
  CHECK(per_mode_times(values, 0.0)[0] == infinite);
  CHECK(per_mode_times(values, 4.0)[1] == 0.25);
  CHECK(per_mode_times(values, 4.0)[2] == 0.25);
  CHECK(per_mode_times(Eigen::VectorXd::Constant(1, 1e10), 1e-305)[0] ==
        test::close(315 * std::log(10.0) / 1e10));
}

TEST_CASE("times in steps: nearest integer, halves up, and what has no integer") {
  CHECK(horizon_for_time(0.0, 0.5) == 0);
  CHECK(horizon_for_time(0.2, 0.5) == 0);
  CHECK(horizon_for_time(0.25, 0.5) == 1);
  CHECK(horizon_for_time(3.7, 0.5) == 7);
  CHECK(horizon_for_time(3.75, 0.5) == 8);
  CHECK(horizon_for_time(5.0, 0.0) == 0);
  CHECK(horizon_for_time(infinite, 0.0) == 0);
  CHECK(horizon_for_time(9007199254740992.0, 1.0) == std::int64_t{1} << 53);
  CHECK_FALSE(horizon_for_time(1e16, 0.5).has_value());
  CHECK_FALSE(horizon_for_time(infinite, 0.5).has_value());
  CHECK_THROWS_AS(horizon_for_time(-1, 0.5), ArgumentError);
  CHECK_THROWS_AS(horizon_for_time(std::nan(""), 0.5), ArgumentError);
  CHECK_THROWS_AS(horizon_for_time(1, -0.5), ArgumentError);
}

TEST_CASE("matching at the mean eigenvalue") {
  const Benchmark benchmark{2.0, 0.5};
  const Eigen::Vector3d values(3, 1, 0.2);
  const GapWeights weights = prompt_gap_weights(values, benchmark);
  const SpectralMatch match = match_at_mean(values, weights.a, benchmark.lambda_star(), 0.03);
  double numerator = 0;
  double denominator = 0;
  for (const double l : values) {
    numerator += (2 * l + 0.5) * l;
    denominator += 2 * l + 0.5;
  }
  const double mu = numerator / denominator;
  CHECK(match.mean_eigenvalue == test::close(mu));
  CHECK(match.time == test::close(std::log(1 + mu / 0.25) / mu));
  CHECK(match.horizon == std::llround(match.time / 0.03));

  // Equal eigenvalues: the matched time is the Bayes filter itself.
  const Eigen::Vector3d equal = Eigen::Vector3d::Constant(1.4);
  const GapWeights same = prompt_gap_weights(equal, benchmark);
  const double time = match_at_mean(equal, same.a, 0.25, 0.03).time;
  CHECK(bayes_gap(equal, same, 0.25, flow_prompt_filter(equal, time)) < 1e-28);

  const SpectralMatch nothing = match_at_mean(values, Eigen::Vector3d::Zero(), 0.25, 0.03);
  CHECK(nothing.time == 0.0);
  CHECK(nothing.horizon == 0);
  CHECK(match_at_mean(values, weights.a, infinite, 0.03).horizon == 0);
  CHECK_FALSE(match_at_mean(values, weights.a, 0.0, 0.03).horizon.has_value());
  CHECK(match_at_mean(Eigen::Vector3d::Zero(), weights.a, 0.25, 0.0).horizon == 0);
  // Weights whose sum overflows.
  CHECK(match_at_mean(values, 1e308 * Eigen::Vector3d::Ones(), 0.25, 0.03).mean_eigenvalue ==
        test::close(1.4));
  CHECK_THROWS_AS(match_at_mean(values, -weights.a, 0.25, 0.03), ArgumentError);
  CHECK_THROWS_AS(match_at_mean(values, Eigen::Vector2d(1, 1), 0.25, 0.03), ArgumentError);
}

TEST_CASE("oracle horizon against a loop over the definition") {
  Random random(22);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Benchmark benchmark{1.0, 0.3};
    const double rho = step_from_scale(values.maxCoeff());
    for (const GapWeights& weights : both_weights(values, benchmark, random)) {
      const OracleHorizon oracle =
          oracle_horizon(values, weights, benchmark.lambda_star(), rho, range(200));
      double best = infinite;
      std::int64_t best_horizon = -1;
      for (int horizon = 0; horizon <= 200; ++horizon) {
        double gap = 0;
        for (Eigen::Index i = 0; i < values.size(); ++i) {
          const double l = values[i];
          double q = 0;
          double power = 1;
          for (int t = 0; t < horizon; ++t) {
            q += rho * power;
            power *= 1 - rho * l;
          }
          const double difference = q - 1 / (l + 0.3);
          gap += weights.a[i] *
                 std::pow(weights.form == FilterForm::prompt ? l * difference : difference, 2);
        }
        CHECK(oracle.gaps[horizon] == test::close(gap, 1e-9));
        if (gap < best * (1 - 1e-12)) {
          best = gap;
          best_horizon = horizon;
        }
      }
      CHECK(oracle.gap == oracle.gaps.minCoeff());
      CHECK(oracle.gap == test::close(best, 1e-9));
      CHECK(oracle.horizon == best_horizon);
      CHECK(oracle.at_lower_edge == (best_horizon == 0));
      CHECK(oracle.at_upper_edge == (best_horizon == 200));
    }
  }
  const Eigen::Vector2d values(1, 0.5);
  const GapWeights weights = prompt_gap_weights(values, {1, 0.01});
  const std::vector<std::int64_t> unordered{7, 3, 5};
  const OracleHorizon oracle = oracle_horizon(values, weights, 0.01, 0.1, unordered);
  CHECK(oracle.horizon == 7);
  CHECK(oracle.at_upper_edge);
  CHECK_THROWS_AS(oracle_horizon(values, weights, 0.01, 0.1, {}), ArgumentError);
}

TEST_CASE("oracle time and oracle step against a dense scan") {
  Random random(23);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    for (const double sigma2 : {0.02, 3.0}) {
      const Benchmark benchmark{1.0, sigma2};
      for (const GapWeights& weights : both_weights(values, benchmark, random)) {
        const bool prompt = weights.form == FilterForm::prompt;
        const OracleValue time = oracle_time(values, weights, benchmark.lambda_star());
        const OracleValue step = oracle_step(values, weights, benchmark.lambda_star(), 8);
        const double lambda_max = values.maxCoeff();
        for (int j = 0; j <= 3000; ++j) {
          const double t = std::pow(10.0, -12 + j * 16.0 / 3000);
          const Eigen::VectorXd flow =
              prompt ? flow_prompt_filter(values, t) : flow_query_filter(values, t);
          const double flow_gap = bayes_gap(values, weights, benchmark.lambda_star(), flow);
          REQUIRE(time.gap <= flow_gap * (1 + 1e-9) + 1e-25);
          if (lambda_max == 0) continue;
          const double rho = std::pow(10.0, -12 * (1 - j / 3000.0)) * (1 - 1e-9) / lambda_max;
          const Eigen::VectorXd descent =
              prompt ? gd_prompt_filter(values, rho, 8) : gd_query_filter(values, rho, 8);
          REQUIRE(step.gap <=
                  bayes_gap(values, weights, benchmark.lambda_star(), descent) * (1 + 1e-9) +
                      1e-25);
        }
      }
    }
  }
}

TEST_CASE("oracle time with two minima, and the ends of the range") {
  const Eigen::Vector2d values(100, 0.01);
  const GapWeights weights{Eigen::Vector2d(1, 1.2), FilterForm::prompt};
  const OracleValue two = oracle_time(values, weights, 1.0);
  CHECK(two.local_minima == 2);
  // The derivative of sum a_i (g(l_i) - b_i)^2, g = 1 - exp(-l t), changes its sign there.
  const auto slope = [&](const Eigen::Vector2d& a, double t) {
    const Eigen::Array2d decay = (-t * values.array()).exp();
    const Eigen::Array2d bayes = values.array() / (values.array() + 1);
    return (a.array() * (1 - decay - bayes) * values.array() * decay).sum();
  };
  const auto check_minimum = [&](const Eigen::Vector2d& a, double near) {
    const double t = oracle_time(values, {a, FilterForm::prompt}, 1.0).value;
    CHECK(t == test::close(near, 0.05));  // which of both minima
    CHECK(slope(a, t * (1 - 1e-4)) < 0);
    CHECK(slope(a, t * (1 + 1e-4)) > 0);
  };
  check_minimum({1, 1.2}, std::log(1.01) / 0.01);
  check_minimum({1.2, 1}, std::log(101.0) / 100);

  CHECK(oracle_time(values, weights, infinite).value == 0.0);
  const OracleValue unbounded = oracle_time(values, weights, 0.0);
  CHECK(unbounded.value == infinite);
  CHECK(unbounded.at_upper_edge);
  CHECK(oracle_time(values, {Eigen::Vector2d::Zero(), FilterForm::query}, 1.0).value == 0.0);
  CHECK(oracle_time(Eigen::Vector2d::Zero(), weights, 1.0).value == 0.0);

  // One step cannot be long enough for the small mode: it wants rho = 1/(l + lambda_star).
  const GapWeights small_mode{Eigen::Vector2d(0, 1), FilterForm::prompt};
  const OracleValue clipped = oracle_step(values, small_mode, 1.0, 1);
  CHECK(clipped.at_upper_edge);
  CHECK(clipped.value == test::close(0.01, 1e-6));
  const OracleValue inside = oracle_step(values, small_mode, 200.0, 1);
  CHECK_FALSE(inside.at_upper_edge);
  CHECK(inside.value == test::close(1 / 200.01));
  CHECK(inside.gap < 1e-20);
  CHECK(oracle_step(values, weights, infinite, 3).value == 0.0);
  CHECK(oracle_step(Eigen::Vector2d::Zero(), weights, 1.0, 3).value == 0.0);
  CHECK_THROWS_AS(oracle_step(values, weights, 1.0, 0), ArgumentError);
  CHECK_THROWS_AS(oracle_time(values, weights, -1.0), ArgumentError);
  CHECK_THROWS_AS(oracle_time(values, {Eigen::Vector3d::Ones(), FilterForm::prompt}, 1.0),
                  ArgumentError);
}

TEST_CASE("minimum on a logarithmic grid") {
  const auto parabola = [](double x) { return std::pow(std::log(x) - 1, 2); };
  const GridMinimum inside = minimise_on_log_grid(parabola, 0.01, 100, 9);
  CHECK(inside.argument == test::close(std::exp(1.0), 1e-7));
  CHECK(inside.local_minima == 1);
  CHECK_FALSE(inside.at_lower_edge);
  CHECK_FALSE(inside.at_upper_edge);
  CHECK(minimise_on_log_grid(parabola, 4, 100, 9).at_lower_edge);
  CHECK(minimise_on_log_grid(parabola, 0.01, 2, 9).at_upper_edge);
  // A minimum between the edge and its neighbour is not an edge.
  CHECK(minimise_on_log_grid(parabola, 2.6, 1e6, 9).argument == test::close(std::exp(1.0), 1e-7));
  const auto waves = [](double x) { return std::cos(5 * std::log(x)) + 0.01 * std::log(x); };
  const GridMinimum many = minimise_on_log_grid(waves, std::exp(-3.0), std::exp(3.0), 200);
  CHECK(many.local_minima == 6);  // four inside, one falling out of each end
  const GridMinimum flat = minimise_on_log_grid([](double) { return 2.0; }, 1, 10, 5);
  CHECK(flat.argument == 1.0);
  CHECK(flat.local_minima == 1);
  CHECK(minimise_on_log_grid(parabola, 3, 3, 5).argument == 3.0);
  CHECK_THROWS_AS(minimise_on_log_grid(parabola, 0, 1, 5), ArgumentError);
  CHECK_THROWS_AS(minimise_on_log_grid(parabola, 2, 1, 5), ArgumentError);
  CHECK_THROWS_AS(minimise_on_log_grid(parabola, 1, 2, 1), ArgumentError);
}
