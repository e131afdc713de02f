#include "sextant/evidence/posterior.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;

namespace {

std::vector<std::int64_t> posterior_horizons(std::int64_t last) {
  std::vector<std::int64_t> list(static_cast<std::size_t>(last + 1));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

}  // namespace

TEST_CASE("the Gibbs posterior against plain exponentials") {
  Random random(41);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(6, 2, 0);
  const Eigen::VectorXd rt = normal_vector(6, random);
  const EvidenceCurve curve = evidence_curve(values, rt, 0.1, posterior_horizons(12));
  std::vector<double> prior(13);
  for (std::size_t j = 0; j < prior.size(); ++j) prior[j] = j == 4 ? 0.0 : 1.0 + 0.3 * double(j);
  for (const double beta : {0.0, 0.5, 1.0, 4.0}) {
    const HorizonPosterior posterior = gibbs_posterior(curve, beta, prior);
    double sum = 0;
    double prior_sum = 0;
    for (Eigen::Index j = 0; j < 13; ++j) {
      sum += prior[j] * std::exp(-beta * 6 * curve.values[j]);
      prior_sum += prior[j];
    }
    double mean = 0;
    double divergence = 0;
    for (Eigen::Index j = 0; j < 13; ++j) {
      const double nu = prior[j] * std::exp(-beta * 6 * curve.values[j]) / sum;
      CHECK(posterior.weights[j] == test::close(nu, 1e-12));
      mean += nu * static_cast<double>(j);
      if (nu > 0) divergence += nu * std::log(nu / (prior[j] / prior_sum));
    }
    CHECK(posterior.mean == test::close(mean));
    CHECK(posterior.divergence == test::close(divergence, 1e-12));
    CHECK(std::abs(posterior.weights.sum() - 1) < 1e-14);
  }
}

TEST_CASE("posteriors on degenerate inputs sum to one") {
  Random random(42);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const double rho = spectral::step_from_scale(values.maxCoeff());
    for (const double size : {0.0, 1.0, 1e100}) {
      const Eigen::VectorXd rt = size * normal_vector(values.size(), random);
      for (const Sigma2Rule rule : {Sigma2Rule::plug_in, Sigma2Rule::profile}) {
        const EvidenceCurve curve =
            evidence_curve(values, rt, rho, posterior_horizons(30), {rule, 0});
        for (const double beta : {0.0, 1.0, 1e6}) {
          const HorizonPosterior posterior = gibbs_posterior(curve, beta);
          CHECK(std::abs(posterior.weights.sum() - 1) < 1e-14);
          CHECK(posterior.weights.minCoeff() >= 0);
          CHECK(posterior.mean >= 0);
          CHECK(posterior.mean <= 30);
          CHECK(posterior.divergence <= std::log(31.0) + 1e-12);
          if (beta == 0) CHECK(posterior.divergence == test::close(0));
        }
      }
    }
  }
  // A large beta leaves only T_MAP.
  const EvidenceCurve curve = evidence_curve(
      Eigen::Vector3d(1, 0.5, 0.1), Eigen::Vector3d(2, 0.3, 0.1), 0.1, posterior_horizons(30));
  const HorizonPosterior sharp = gibbs_posterior(curve, 1e8);
  CHECK(sharp.weights[curve.map_index] == test::close(1.0));
  CHECK(sharp.divergence == test::close(std::log(31.0)));
}

TEST_CASE("the averaged filter is the average of the corrections") {
  Random random(43);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(5, 1, 0);
  const Eigen::VectorXd kt = normal_vector(5, random);
  const Eigen::VectorXd rt = normal_vector(5, random);
  const std::vector<std::int64_t> horizons{0, 3, 17};
  const Eigen::Vector3d weights(0.2, 0.5, 0.3);
  double expected = 0;
  for (Eigen::Index j = 0; j < 3; ++j) {
    const Eigen::VectorXd q =
        spectral::gd_query_filter(values, 0.4, horizons[static_cast<std::size_t>(j)]);
    expected += weights[j] * spectral::query_correction(q, kt, rt);
  }
  const Eigen::VectorXd q = average_query_filter(values, 0.4, horizons, weights);
  CHECK(spectral::query_correction(q, kt, rt) == test::close(expected, 1e-13));
  const Eigen::VectorXd g = average_prompt_filter(values, 0.4, horizons, weights);
  CHECK(g.isApprox(values.cwiseProduct(q), 1e-13));
  CHECK(q[4] == test::close(0.4 * (0.5 * 3 + 0.3 * 17)));  // the limit at a zero eigenvalue
}

TEST_CASE("posterior: arguments out of range") {
  const EvidenceCurve curve =
      evidence_curve(Eigen::Vector2d(1, 0.5), Eigen::Vector2d(1, 1), 0.1, posterior_horizons(2));
  CHECK_THROWS_AS(gibbs_posterior(curve, -1), ArgumentError);
  CHECK_THROWS_AS(gibbs_posterior(curve, std::numeric_limits<double>::infinity()), ArgumentError);
  CHECK_THROWS_AS(gibbs_posterior(curve, 1, std::vector<double>{1, 1}), ArgumentError);
  CHECK_THROWS_AS(gibbs_posterior(curve, 1, std::vector<double>{1, -1, 1}), ArgumentError);
  CHECK_THROWS_AS(gibbs_posterior(curve, 1, std::vector<double>{0, 0, 0}), ArgumentError);
  CHECK_THROWS_AS(gibbs_posterior(EvidenceCurve{}), ArgumentError);
  CHECK_THROWS_AS(average_query_filter(Eigen::Vector2d(1, 1), 0.1, posterior_horizons(2),
                                       Eigen::Vector2d(1, 1)),
                  ArgumentError);
}
