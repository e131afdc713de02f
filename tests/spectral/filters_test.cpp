#include "sextant/spectral/filters.hpp"

#include <doctest/doctest.h>

#include <boost/math/quadrature/exp_sinh.hpp>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double step_for(const Eigen::VectorXd& values) { return step_from_scale(values.maxCoeff(), 0.1); }

/// (1 - rho l)^T by T multiplications in long double.
long double power_by_steps(double rho, double l, int horizon) {
  long double power = 1;
  for (int t = 0; t < horizon; ++t) power *= 1 - static_cast<long double>(rho) * l;
  return power;
}

}  // namespace

TEST_CASE("gradient descent filters against repeated multiplication and the geometric sum") {
  Random random(1);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const double rho = step_for(values);
    for (const int horizon : {0, 1, 2, 8, 30, 1000}) {
      const Eigen::VectorXd g = gd_prompt_filter(values, rho, horizon);
      const Eigen::VectorXd q = gd_query_filter(values, rho, horizon);
      for (Eigen::Index i = 0; i < values.size(); ++i) {
        // q_T = rho sum_{t < T} (1 - rho l)^t has only positive terms: exact to rounding.
        long double sum = 0;
        long double power = 1;
        for (int t = 0; t < horizon; ++t) {
          sum += power;
          power *= 1 - static_cast<long double>(rho) * values[i];
        }
        const auto expected = static_cast<double>(rho * sum);
        CHECK(q[i] == test::close(expected, 1e-13));
        CHECK(g[i] == test::close(values[i] * expected, 1e-13));
        const auto one_minus = static_cast<double>(1 - power_by_steps(rho, values[i], horizon));
        CHECK(std::abs(g[i] - one_minus) < 1e-15);  // it cancels for tiny eigenvalues
        CHECK(g[i] >= 0);
        CHECK(g[i] <= 1);
      }
    }
  }
}

TEST_CASE("limits of the filters at and near zero eigenvalues, and for huge horizons") {
  const Eigen::Vector4d values(1.0, 1e-16, 1e-310, 0.0);
  const Eigen::VectorXd q = gd_query_filter(values, 0.25, 12);
  for (Eigen::Index i = 1; i < 4; ++i) CHECK(q[i] == test::close(3.0, 1e-14));
  CHECK(gd_prompt_filter(values, 0.25, 12)[3] == 0.0);
  CHECK(gd_prompt_filter(values, 0.25, 12)[1] == test::close(3e-16, 1e-13));
  CHECK(gd_query_filter(values, 0.25, 0).isZero(0.0));
  CHECK(gd_prompt_filter(values, 0.25, std::int64_t{1} << 50)[0] == 1.0);
  CHECK(gd_query_filter(values, 0.25, std::int64_t{1} << 50)[0] == 1.0);

  const Eigen::VectorXd flow = flow_query_filter(values, 3.0);
  for (Eigen::Index i = 1; i < 4; ++i) CHECK(flow[i] == test::close(3.0, 1e-14));
  CHECK(flow_query_filter(values, 0.0).isZero(0.0));
  CHECK(flow_prompt_filter(values, 0.0).isZero(0.0));

  CHECK(bayes_query_filter(values, infinity).isZero(0.0));
  CHECK(bayes_prompt_filter(values, infinity).isZero(0.0));
  CHECK(bayes_query_filter(values, 0.0) == Eigen::Vector4d(1, 0, 0, 0));
  CHECK(bayes_prompt_filter(values, 0.0) == Eigen::Vector4d(1, 0, 0, 0));
  CHECK(bayes_query_filter(Eigen::Vector2d::Zero(), 0.0).isZero(0.0));
  CHECK(bayes_query_filter(values, 1e-310).allFinite());
  CHECK(bayes_query_filter(values, 0.5)[3] == test::close(2.0));
}

TEST_CASE("the gradient descent filters are what gradient descent does") {
  // Descent on |r - Phi theta|^2 / (2 sigma2) with step eta, in weight space.
  Random random(2);
  for (const Eigen::Index parameters : {3, 20}) {  // rank deficient and full rank kernels
    const Eigen::Index n = 6;
    const Eigen::MatrixXd phi = normal_matrix(n, parameters, random);
    const Eigen::VectorXd query = normal_vector(parameters, random);
    const Eigen::VectorXd r = normal_vector(n, random);
    const Eigensystem system = decompose(phi * phi.transpose());
    const double sigma2 = 0.3;
    const double rho = step_from_scale(system.largest(), 0.9);
    const double eta = rho * sigma2;
    const Eigen::VectorXd rt = system.rotate(r);
    const Eigen::VectorXd kt = system.rotate(phi * query);
    Eigen::VectorXd theta = Eigen::VectorXd::Zero(parameters);
    for (int t = 0; t <= 25; ++t) {
      const Eigen::VectorXd g = gd_prompt_filter(system.values, rho, t);
      const Eigen::VectorXd q = gd_query_filter(system.values, rho, t);
      const Eigen::VectorXd on_prompt = prompt_correction(system, g, r);
      CHECK((on_prompt - phi * theta).norm() < 1e-12 * r.norm());
      CHECK(std::abs(query_correction(q, kt, rt) - query.dot(theta)) < 1e-12 * r.norm());
      theta += eta / sigma2 * phi.transpose() * (r - phi * theta);
    }
  }
}

TEST_CASE("the Bayes filter is the dense Gaussian posterior") {
  Random random(3);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Eigen::Index n = values.size();
    const Eigen::MatrixXd kernel = test::kernel_with(values, random);
    const Eigensystem system = decompose(kernel);
    const Eigen::VectorXd r = normal_vector(n, random);
    const double tau2 = 1.7;
    const double sigma2 = 0.4;
    const Eigen::MatrixXd covariance = tau2 * kernel + sigma2 * Eigen::MatrixXd::Identity(n, n);
    const Eigen::VectorXd mean = tau2 * kernel * covariance.llt().solve(r);
    const double lambda_star = sigma2 / tau2;
    const Eigen::VectorXd g = bayes_prompt_filter(system.values, lambda_star);
    // The dense solve loses the condition number of the covariance.
    const double condition = 1 + values.maxCoeff() / lambda_star;
    CHECK((prompt_correction(system, g, r) - mean).norm() <= 1e-13 * condition * r.norm());

    const Eigen::VectorXd coupling = kernel * normal_vector(n, random);
    const Eigen::VectorXd q = bayes_query_filter(system.values, lambda_star);
    const double dense = tau2 * coupling.dot(covariance.llt().solve(r));
    CHECK(std::abs(query_correction(q, system.rotate(coupling), system.rotate(r)) - dense) <=
          1e-13 * condition * coupling.norm() / lambda_star * r.norm());
  }
}

TEST_CASE("the implicit prior's posterior mean is the gradient descent correction") {
  Random random(4);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Eigen::Index n = values.size();
    const Eigensystem system = decompose(test::kernel_with(values, random));
    const Eigen::VectorXd r = normal_vector(n, random);
    const double rho = step_for(system.values);
    const double sigma2 = 0.6;
    for (const int horizon : {0, 1, 8, 30}) {
      const Eigen::VectorXd prior = implicit_prior_variances(system.values, rho, horizon, sigma2);
      const Eigen::MatrixXd covariance =
          system.vectors * prior.asDiagonal() * system.vectors.transpose();
      const Eigen::MatrixXd observed = covariance + sigma2 * Eigen::MatrixXd::Identity(n, n);
      const Eigen::VectorXd mean = covariance * observed.llt().solve(r);
      const Eigen::VectorXd g = gd_prompt_filter(system.values, rho, horizon);
      CHECK((prompt_correction(system, g, r) - mean).norm() < 1e-12 * r.norm());
    }
  }
  CHECK(implicit_prior_variances(Eigen::VectorXd::Ones(1), 0.9, 1000, 1.0)[0] == infinity);
  CHECK(implicit_prior_variances(Eigen::VectorXd::Ones(1), 0.9, 1000, 0.0)[0] == 0.0);
}

TEST_CASE("gradient flow bounds gradient descent from below, within Lemma G.2") {
  Random random(5);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    for (const double scale : {0.01, 0.1, 0.9}) {
      const double rho = step_from_scale(values.maxCoeff(), scale);
      for (const int horizon : {1, 5, 30}) {
        const double time = rho * horizon;
        const Eigen::VectorXd descent = gd_prompt_filter(values, rho, horizon);
        const Eigen::VectorXd flow = flow_prompt_filter(values, time);
        for (Eigen::Index i = 0; i < values.size(); ++i) {
          const double x = rho * values[i];
          const double bound = horizon * x * x / (2 * (1 - x)) * std::exp(-time * values[i]);
          CHECK(descent[i] - flow[i] >= -1e-15);
          CHECK(descent[i] - flow[i] <= bound * (1 + 1e-12) + 1e-15);
        }
      }
    }
  }
}

TEST_CASE("the Bayes filter is gradient flow stopped at an exponential time [W, Prop. G.6]") {
  const Eigen::Vector4d values(20.0, 1.0, 0.01, 0.0);
  for (const double lambda_star : {0.05, 1.0, 30.0}) {
    const Eigen::VectorXd g = bayes_prompt_filter(values, lambda_star);
    const Eigen::VectorXd q = bayes_query_filter(values, lambda_star);
    boost::math::quadrature::exp_sinh<double> integrator;
    for (Eigen::Index i = 0; i < values.size(); ++i) {
      const auto expectation = [&](auto filter) {
        return integrator.integrate([&](double s) {
          const double density = lambda_star * std::exp(-lambda_star * s);
          return density == 0 ? 0.0 : density * filter(values.segment(i, 1), s)[0];
        });
      };
      CHECK(expectation(flow_prompt_filter) == test::close(g[i], 1e-9));
      CHECK(expectation(flow_query_filter) == test::close(q[i], 1e-9));
    }
  }
}

TEST_CASE("units: a kernel in other units and the reciprocal step give the same shrinkage") {
  const Eigen::Vector3d values(3.0, 0.2, 0.0);
  const double unit = 1e-7;
  CHECK(gd_prompt_filter(unit * values, 0.1 / unit, 9).isApprox(gd_prompt_filter(values, 0.1, 9)));
  CHECK(gd_query_filter(unit * values, 0.1 / unit, 9)
            .isApprox(gd_query_filter(values, 0.1, 9) / unit));
  CHECK(bayes_prompt_filter(unit * values, 2 * unit).isApprox(bayes_prompt_filter(values, 2)));
}

TEST_CASE("steps and arguments out of range") {
  CHECK(step_from_scale(4.0) == test::close(0.025));
  CHECK(step_from_scale(0.0) == 0.0);
  CHECK_THROWS_AS(step_from_scale(1.0, 1.0), ArgumentError);
  CHECK_THROWS_AS(step_from_scale(1.0, 0.0), ArgumentError);
  CHECK_THROWS_AS(step_from_scale(-1.0), ArgumentError);
  CHECK_THROWS_AS(step_from_scale(1e-310), ArgumentError);  // 1/lambda_max is not a number
  const Eigen::Vector2d values(2.0, 1.0);
  for (const double rho : {-0.1, 0.0, 0.5, 0.6, infinity, std::nan("")}) {
    CHECK_THROWS_AS(gd_prompt_filter(values, rho, 3), ArgumentError);
    CHECK_THROWS_AS(gd_query_filter(values, rho, 3), ArgumentError);
  }
  CHECK_NOTHROW(gd_prompt_filter(Eigen::Vector2d::Zero(), 0.0, 3));
  CHECK_THROWS_AS(gd_prompt_filter(values, 0.1, -1), ArgumentError);
  CHECK_THROWS_AS(gd_prompt_filter(Eigen::Vector2d(1, -1e-16), 0.1, 1), ArgumentError);
  CHECK_THROWS_AS(flow_prompt_filter(values, -1.0), ArgumentError);
  CHECK_THROWS_AS(bayes_prompt_filter(values, -1.0), ArgumentError);
  CHECK_THROWS_AS(bayes_prompt_filter(values, std::nan("")), ArgumentError);
  CHECK_THROWS_AS(query_correction(values, values, Eigen::Vector3d::Zero()), ArgumentError);
  CHECK_THROWS_AS(query_correction(values, Eigen::Vector3d::Zero(), values), ArgumentError);
}
