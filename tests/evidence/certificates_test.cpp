#include "sextant/evidence/certificates.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/evidence/curve.hpp"
#include "sextant/evidence/posterior.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::evidence;
using spectral::Benchmark;

namespace {

std::vector<std::int64_t> range(std::int64_t last) {
  std::vector<std::int64_t> list(static_cast<std::size_t>(last + 1));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// Phi Phi' with Phi n x 2n of N(0, 1/(2n)) entries: the Wishart kernels of the theory notes.
Eigen::VectorXd wishart_values(Eigen::Index n, Random& random) {
  const Eigen::MatrixXd phi =
      normal_matrix(n, 2 * n, random) / std::sqrt(2.0 * static_cast<double>(n));
  return spectral::decompose(phi * phi.transpose()).values;
}

}  // namespace

TEST_CASE("A_T and L(T) against dense matrices") {
  Random random(71);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    if (values.maxCoeff() > 1e6 || values.minCoeff() == 0) continue;  // beyond a dense inverse
    CAPTURE(spectrum.name);
    const int n = static_cast<int>(values.size());
    const Benchmark reference{0.8, 0.3};
    const double sigma2 = 0.6;
    const double rho = spectral::step_from_scale(values.maxCoeff());
    const Eigen::MatrixXd kernel = test::kernel_with(values, random);
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(n, n);
    Eigen::MatrixXd precision = identity / sigma2;
    for (int horizon = 0; horizon <= 12; ++horizon) {
      const Eigen::MatrixXd root = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(
                                       reference.tau2 * kernel + reference.sigma2 * identity)
                                       .operatorSqrt();
      const Eigen::MatrixXd a = root * precision * root;
      const double log_determinant =
          -2 * Eigen::LLT<Eigen::MatrixXd>(precision).matrixLLT().diagonal().array().log().sum();
      CHECK(population_evidence(values, rho, horizon, sigma2, reference) ==
            test::close((log_determinant + a.trace()) / (2 * n), 1e-12));
      const Eigen::VectorXd whitened =
          whitened_eigenvalues(values, rho, horizon, sigma2, reference);
      CHECK(whitened.sum() == test::close(a.trace(), 1e-12));
      CHECK(whitened.squaredNorm() == test::close(a.squaredNorm(), 1e-12));
      precision = precision * (identity - rho * kernel);
    }
  }
}

TEST_CASE("L(T) is the expectation of l_T") {
  Random random(72);
  const Eigen::VectorXd values = wishart_values(6, random);
  const double rho = spectral::step_from_scale(values[0]);
  const Benchmark reference{1.2, 0.4};
  const Sigma2Choice choice{Sigma2Rule::fixed, 0.5};
  const std::vector<std::int64_t> horizons{0, 5, 30};
  constexpr int draws = 20'000;
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  Eigen::Vector3d squares = Eigen::Vector3d::Zero();
  for (int draw = 0; draw < draws; ++draw) {
    const Eigen::VectorXd rt = (reference.tau2 * values.array() + reference.sigma2).sqrt() *
                               normal_vector(6, random).array();
    const Eigen::VectorXd l = evidence_curve(values, rt, rho, horizons, choice).values;
    sum += l;
    squares += l.cwiseAbs2();
  }
  for (Eigen::Index j = 0; j < 3; ++j) {
    const double mean = sum[j] / draws;
    const double standard_error = std::sqrt((squares[j] / draws - mean * mean) / draws);
    const double expected =
        population_evidence(values, rho, horizons[std::size_t(j)], 0.5, reference);
    CHECK(std::abs(mean - expected) < 5 * standard_error);
  }
}

TEST_CASE("the exact-MGF radius is the minimum over beta, the tail radius the quantile") {
  Random random(73);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Benchmark reference{1 / (1 + values.mean()), 0.3};
    const double rho = spectral::step_from_scale(values.maxCoeff());
    for (const std::int64_t horizon : {0, 8, 30}) {
      const Eigen::VectorXd a = whitened_eigenvalues(values, rho, horizon, 0.5, reference);
      const auto n = static_cast<double>(a.size());
      const double radius = exact_mgf_radius(a, 31, 0.05);
      double best = std::numeric_limits<double>::infinity();
      for (int j = 0; j <= 40'000; ++j) {
        const double beta = std::pow(10.0, -10 + 0.001 * j);
        const double cumulant = beta / 2 * a.sum() - (beta * a).array().log1p().sum() / 2;
        best = std::min(best, (std::log(31 / 0.05) + cumulant) / (beta * n));
      }
      CHECK(radius == test::close(best, 1e-6));
      CHECK(radius <= best * (1 + 1e-12));
      CHECK(exact_tail_radius(a, 31, 0.05) < radius);
      // The paper's radius uses a bound on the same moments, and the largest variance.
      const double vbar = a.squaredNorm() / n;
      CHECK(radius < paper_radius(vbar, a.size(), 31, 0.05));
    }
  }
  // Equal eigenvalues: a chi-square quantile.
  const boost::math::chi_squared chi(20);
  const double expected = 0.7 * (20 - boost::math::quantile(chi, 0.05 / 31)) / 40;
  CHECK(exact_tail_radius(Eigen::VectorXd::Constant(20, 0.7), 31, 0.05) ==
        test::close(expected, 1e-12));
  CHECK(exact_mgf_radius(Eigen::VectorXd::Zero(4), 31, 0.05) == 0.0);
  CHECK(exact_tail_radius(Eigen::VectorXd::Zero(4), 31, 0.05) == 0.0);
}

TEST_CASE("radii of a horizon among candidates") {
  const Eigen::Vector3d values(2, 1, 0.1);
  const Benchmark reference{1.0, 0.5};
  const std::vector<std::int64_t> horizons{4, 2, 9};
  const double vbar = largest_variance(values, 0.05, horizons, 0.5, reference);
  double largest = 0;
  for (const std::int64_t horizon : horizons) {
    const Eigen::VectorXd a = whitened_eigenvalues(values, 0.05, horizon, 0.5, reference);
    largest = std::max(largest, a.squaredNorm() / 3);
  }
  CHECK(vbar == test::close(largest));
  const CertificateRadii radii = certificate_radii(values, 0.05, horizons, 9, 0.5, reference, 0.05);
  CHECK(radii.paper == test::close(std::sqrt(vbar * (std::log(3.0) + std::log(20.0)) / 3)));
  CHECK(radii.exact_tail < radii.exact_mgf);
  CHECK(radii.exact_mgf < radii.paper);
  CHECK_THROWS_AS(certificate_radii(values, 0.05, horizons, 3, 0.5, reference, 0.05),
                  ArgumentError);
}

TEST_CASE("Gibbs forms: the point mass gives the paper's radius, beta trades its two terms") {
  CHECK(gibbs_radius(2.0, 10, std::log(31.0), 0.05) ==
        test::close(paper_radius(2.0, 10, 31, 0.05)));
  // Minimising the form with free beta gives the square root.
  const double beta = 2 * std::sqrt((0.7 - std::log(0.05)) / (10 * 2.0));
  CHECK(gibbs_radius_at(beta, 2.0, 10, 0.7, 0.05) == test::close(gibbs_radius(2.0, 10, 0.7, 0.05)));
  CHECK(gibbs_radius_at(2 * beta, 2.0, 10, 0.7, 0.05) > gibbs_radius(2.0, 10, 0.7, 0.05));
}

TEST_CASE("the table of the theory notes, at n = 10 and 50") {
  // 2,000 draws of r for one kernel each; radii are deterministic given the kernel, and kernels
  // differ between seeds by about 10% at n = 10 and 1% at n = 50 (standard deviation).
  struct Row {
    Eigen::Index n;
    double paper, mgf_low, mgf_high, quantile, tolerance;
  };
  for (const Row& row :
       {Row{10, 2.469, 0.295, 1.274, 0.894, 0.2}, Row{50, 1.199, 0.268, 0.880, 0.484, 0.08}}) {
    CAPTURE(row.n);
    Random random(74);
    const Benchmark reference{1.0, 0.5};
    const double sigma2 = 0.5;
    const auto horizons = range(30);
    const Eigen::VectorXd values = wishart_values(row.n, random);
    const double rho = spectral::step_from_scale(values[0]);
    Eigen::VectorXd population(31), mgf(31), tail(31);
    for (Eigen::Index t = 0; t <= 30; ++t) {
      const Eigen::VectorXd a = whitened_eigenvalues(values, rho, t, sigma2, reference);
      population[t] = population_evidence(values, rho, t, sigma2, reference);
      mgf[t] = exact_mgf_radius(a, 31, 0.05);
      tail[t] = exact_tail_radius(a, 31, 0.05);
    }
    const double vbar = largest_variance(values, rho, horizons, sigma2, reference);
    const double paper = paper_radius(vbar, row.n, 31, 0.05);
    CHECK(paper == test::close(row.paper, row.tolerance));
    CHECK(mgf.minCoeff() == test::close(row.mgf_low, row.tolerance));
    CHECK(mgf.maxCoeff() == test::close(row.mgf_high, row.tolerance));

    constexpr int draws = 2'000;
    std::vector<double> suprema;
    int missed_by_tail = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const Eigen::VectorXd rt =
          (values.array() + 0.5).sqrt() * normal_vector(row.n, random).array();
      const Eigen::VectorXd l =
          evidence_curve(values, rt, rho, horizons, {Sigma2Rule::fixed, sigma2}).values;
      suprema.push_back((population - l).maxCoeff());
      missed_by_tail += ((population - l).array() > tail.array()).any();
    }
    std::sort(suprema.begin(), suprema.end());
    CHECK(suprema[draws * 95 / 100] == test::close(row.quantile, row.tolerance));
    // Five standard errors above delta = 0.05 would be 0.074; the union bound leaves slack.
    CHECK(missed_by_tail <= 0.05 * draws);
    CHECK(missed_by_tail >= 1);  // the tail radius is not loose by orders of magnitude
  }
}

TEST_CASE("certificates: arguments out of range") {
  const Eigen::Vector2d two(1, 0.5);
  const Benchmark reference{1, 1};
  CHECK_THROWS_AS(whitened_eigenvalues(two, 1.0, 1, 1.0, reference), ArgumentError);
  CHECK_THROWS_AS(whitened_eigenvalues(two, 0.1, -1, 1.0, reference), ArgumentError);
  CHECK_THROWS_AS(whitened_eigenvalues(two, 0.1, 1, 0.0, reference), ArgumentError);
  CHECK_THROWS_AS(whitened_eigenvalues(two, 0.1, 1, 1.0, {-1, 1}), ArgumentError);
  CHECK_THROWS_AS(whitened_eigenvalues(Eigen::VectorXd(0), 0.1, 1, 1.0, reference), ArgumentError);
  CHECK_THROWS_AS(largest_variance(two, 0.1, {}, 1.0, reference), ArgumentError);
  CHECK_THROWS_AS(paper_radius(1.0, 0, 31, 0.05), ArgumentError);
  CHECK_THROWS_AS(paper_radius(1.0, 10, 0, 0.05), ArgumentError);
  CHECK_THROWS_AS(paper_radius(-1.0, 10, 31, 0.05), ArgumentError);
  CHECK_THROWS_AS(exact_mgf_radius(two, 31, 1.0), ArgumentError);
  CHECK_THROWS_AS(exact_tail_radius(two, 31, 0.0), ArgumentError);
  CHECK_THROWS_AS(gibbs_radius(1.0, 10, -0.1, 0.05), ArgumentError);
  CHECK_THROWS_AS(gibbs_radius_at(0.0, 1.0, 10, 0.1, 0.05), ArgumentError);
}
