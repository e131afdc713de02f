/// What evidence, averages and fits are for: the error of a query's correction, in simulation.

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/evidence/curve.hpp"
#include "sextant/evidence/posterior.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;
using namespace sextant::spectral;

TEST_CASE("mean squared error of a query's correction, n = 10, d = 30, spectrum 1/i") {
  // The benchmark of theory Sec. 5: unit prior variance on average, signal-to-noise 0.2 or 20.
  constexpr int draws = 4'000;
  constexpr Eigen::Index n = 10;
  constexpr Eigen::Index d = 30;
  const Eigen::ArrayXd weights = Eigen::ArrayXd::LinSpaced(d, 1, d).inverse();
  const Eigen::ArrayXd scale = (weights / weights.sum()).sqrt();
  std::vector<std::int64_t> horizons(31);
  std::iota(horizons.begin(), horizons.end(), 0);

  enum Rule { none, eight, evidence, gibbs, average, bayes, rules };
  std::array<double, rules> sum{};
  std::array<double, rules> squares{};
  for (int draw = 0; draw < draws; ++draw) {
    Random random(81, static_cast<std::uint64_t>(draw));
    const double sigma2 = random.uniform() < 0.5 ? 5.0 : 0.05;
    const Eigen::MatrixXd phi = normal_matrix(n, d, random) * scale.matrix().asDiagonal();
    const Eigen::VectorXd query = normal_vector(d, random).array() * scale;
    const Eigen::VectorXd theta = normal_vector(d, random);
    const Eigen::VectorXd r = phi * theta + std::sqrt(sigma2) * normal_vector(n, random);
    const Eigensystem system = decompose(phi * phi.transpose());
    const Eigen::VectorXd rt = system.rotate(r);
    const Eigen::VectorXd kt = system.rotate(phi * query);
    const double rho = step_from_scale(system.largest());
    const EvidenceCurve curve = evidence_curve(system.values, rt, rho, horizons);
    const std::array<Eigen::VectorXd, rules> filters{
        Eigen::VectorXd::Zero(n),
        gd_query_filter(system.values, rho, 8),
        gd_query_filter(system.values, rho, curve.t_map),
        average_query_filter(system.values, rho, horizons, gibbs_posterior(curve).weights),
        average_over_lambda_star(system.values, rt).query_filter,
        bayes_query_filter(system.values, sigma2)};
    for (std::size_t j = 0; j < rules; ++j) {
      const double error = query_correction(filters[j], kt, rt) - query.dot(theta);
      sum[j] += error * error;
      squares[j] += std::pow(error, 4);
    }
  }
  // Figures of the notes from 3,000 prompts; both sides have Monte Carlo error, together at most
  // sqrt(1 + 4/3) of ours. Four of those.
  const std::array<double, rules> expected{0.984, 0.814, 0.832, 0.806, 0.840, 0.656};
  for (std::size_t j = 0; j < rules; ++j) {
    CAPTURE(j);
    const double mean = sum[j] / draws;
    const double standard_error = std::sqrt((squares[j] / draws - mean * mean) / draws);
    CHECK(standard_error < 0.03);
    CHECK(std::abs(mean - expected[j]) < 4 * std::sqrt(7.0 / 3) * standard_error);
    if (j != bayes) CHECK(mean > sum[bayes] / draws);
  }
}
