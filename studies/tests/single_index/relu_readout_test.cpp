/// Readouts of ReLU units: the pieces against the sum, regression in weight space against function
/// space, steps against steps, and choices against dense formulas.

#include "sextant/studies/single_index/relu_readout.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/gaps.hpp"
#include "sextant/studies/generators/single_index.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::single_index;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using sextant::test::close;

namespace {

struct Data {
  ReluUnits units;
  VectorXd s;
  VectorXd y;

  explicit Data(Index n = 60, Index m = 9, std::uint64_t seed = 3) {
    Random random(seed);
    units = draw_units(m, 2, random);
    s = normal_vector(n, random);
    y = s.array().sin() * 2 + 0.3 * normal_vector(n, random).array() + 0.4;
  }
};

const VectorXd places = VectorXd::LinSpaced(41, -4, 4);

}  // namespace

TEST_CASE("pieces of a readout are the sum of its units, and its slope their difference quotient") {
  Random random(2);
  ReluUnits units = draw_units(11, 3, random);
  units.slopes[3] = 0.4;
  units.slopes[4] = -2.5;
  const VectorXd weights = normal_vector(12, random);
  const ReluReadout readout(units, weights);
  const VectorXd direct = units.features(places) * weights;
  CHECK((readout.values(places) - direct).cwiseAbs().maxCoeff() < 1e-12);
  for (const double s : places) {
    const double h = 1e-6;
    CHECK(std::abs(readout.slope(s) - (readout.value(s + h) - readout.value(s - h)) / (2 * h)) <
          1e-6);
  }
  CHECK(ReluReadout().value(3) == 0);
  CHECK(ReluReadout().slope(3) == 0);
  // (u, v) -> (-u, -v): the predictor does not know the direction's sign.
  ReluUnits mirrored = units;
  mirrored.slopes = -units.slopes;
  CHECK((ReluReadout(mirrored, weights).values(-places) - direct).cwiseAbs().maxCoeff() < 1e-12);
  CHECK_THROWS_AS(ReluReadout(units, weights.head(11)), ArgumentError);
  units.slopes[0] = 0;
  CHECK_THROWS_AS(ReluReadout(units, weights), ArgumentError);
  CHECK_THROWS_AS(draw_units(0, 3, random), ArgumentError);
  CHECK_THROWS_AS(draw_units(3, -1, random), ArgumentError);
}

TEST_CASE("ridge regression: weight space against function space, and its limits") {
  const Data data;
  const ReluRegression regression(data.units, data.s, data.y);
  const MatrixXd f = data.units.features(data.s);
  const MatrixXd kernel = f * f.transpose();
  const MatrixXd across = data.units.features(places) * f.transpose();
  for (const double penalty : {1e-3, 0.5, 40.0}) {
    const MatrixXd shifted = kernel + penalty * MatrixXd::Identity(60, 60);
    const VectorXd expected = across * shifted.ldlt().solve(data.y);
    CHECK((regression.ridge(penalty).values(places) - expected).norm() < 1e-8 * expected.norm());
    // Generalised cross-validation from the hat matrix itself.
    const MatrixXd hat = kernel * shifted.inverse();
    const double free = 60 - hat.trace();
    CHECK(regression.gcv(penalty) ==
          close(60 * (data.y - hat * data.y).squaredNorm() / (free * free), 1e-9));
  }
  CHECK(regression.ridge(1e12).values(places).norm() < 1e-6);
  CHECK(regression.examples() == 60);
  CHECK(regression.largest() ==
        close(Eigen::SelfAdjointEigenSolver<MatrixXd>(kernel).eigenvalues()[59], 1e-10));
  const double best = regression.gcv_penalty(default_relative_penalties());
  for (const double relative : default_relative_penalties()) {
    CHECK(regression.gcv(best) <= regression.gcv(relative * regression.largest()));
  }
  CHECK_THROWS_AS(regression.ridge(0), ArgumentError);
  CHECK_THROWS_AS(regression.gcv_penalty({}), ArgumentError);
}

TEST_CASE("many samples are summed block by block; one sample is enough") {
  const Data data(9000, 5);
  const ReluRegression regression(data.units, data.s, data.y);
  const MatrixXd f = data.units.features(data.s);
  MatrixXd gram = f.transpose() * f;
  gram.diagonal().array() += 3;
  const VectorXd expected = data.units.features(places) * gram.ldlt().solve(f.transpose() * data.y);
  CHECK((regression.ridge(3).values(places) - expected).norm() < 1e-9 * expected.norm());
  const Data one(1);
  const ReluRegression single(one.units, one.s, one.y);
  const double norm = one.units.features(one.s).squaredNorm();
  CHECK(single.ridge(2).value(one.s[0]) == close(one.y[0] * norm / (norm + 2), 1e-10));
  CHECK_THROWS_AS(ReluRegression(one.units, one.s, data.y), ArgumentError);
  CHECK_THROWS_AS(ReluRegression(one.units, VectorXd(0), VectorXd(0)), ArgumentError);
}

TEST_CASE("descent is descent") {
  const Data data;
  const ReluRegression regression(data.units, data.s, data.y);
  const MatrixXd f = data.units.features(data.s);
  VectorXd a = VectorXd::Zero(f.cols());
  const double step = 0.1 / regression.largest();
  for (int t = 0; t < 500; ++t) {
    if (t == 0 || t == 1 || t == 37) {
      const VectorXd expected = data.units.features(places) * a;
      CHECK((regression.descent(t, 0.1).values(places) - expected).norm() <=
            1e-10 * expected.norm());
    }
    a += step * f.transpose() * (data.y - f * a);
  }
  const VectorXd expected = data.units.features(places) * a;
  CHECK((regression.descent(500, 0.1).values(places) - expected).norm() < 1e-9 * expected.norm());
  CHECK((regression.descent(499, 0.1).values(places) - expected).norm() > 1e-6 * expected.norm());
  CHECK_THROWS_AS(regression.descent(-1, 0.1), ArgumentError);
  CHECK_THROWS_AS(regression.descent(1, 1.0), ArgumentError);
}

TEST_CASE("choices by evidence are those of a dense kernel's likelihood") {
  const Data data;
  const ReluRegression regression(data.units, data.s, data.y);
  const MatrixXd f = data.units.features(data.s);
  const MatrixXd kernel = f * f.transpose();
  const auto likelihood = [&](double penalty) {
    // -log density per example without constants, sigma2 profiled out.
    const MatrixXd covariance = kernel / penalty + MatrixXd::Identity(60, 60);
    const Eigen::LLT<MatrixXd> factor(covariance);
    const double sigma2 = data.y.dot(factor.solve(data.y)) / 60;
    const double logs = 2 * MatrixXd(factor.matrixL()).diagonal().array().log().sum();
    return (60 * std::log(sigma2) + logs + 60) / 120;
  };
  const evidence::BenchmarkFit fit = regression.evidence_fit();
  CHECK(fit.evidence == close(likelihood(fit.lambda_star), 1e-7));
  for (const double factor : {0.01, 0.5, 0.95, 1.05, 2.0, 100.0}) {
    CHECK(likelihood(factor * fit.lambda_star) > fit.evidence);
  }
  // Steps: against the curve of a dense decomposition.
  const spectral::Eigensystem system = spectral::decompose(kernel);
  std::vector<std::int64_t> horizons;
  for (std::int64_t t = 0; t <= 3000; ++t) horizons.push_back(t);
  const double rho = spectral::step_from_scale(system.largest(), 0.1);
  for (const auto rule : {evidence::Sigma2Rule::plug_in, evidence::Sigma2Rule::profile}) {
    const auto curve =
        evidence::evidence_curve(system.values, system.rotate(data.y), rho, horizons, {rule, 0});
    REQUIRE_FALSE(curve.at_upper_edge);
    CHECK(regression.evidence_steps(0.1, rule) == curve.t_map);
    CHECK(curve.t_map > 0);
  }
  // The benchmark's steps: no other number has a smaller expected error under its variances.
  const auto steps = regression.benchmark_steps(0.1);
  REQUIRE(steps.has_value());
  const auto risk = [&](double t) {
    return spectral::prompt_risk(
               fit.benchmark.tau2 * system.values, fit.benchmark.sigma2,
               spectral::gd_prompt_filter(system.values, rho, static_cast<std::int64_t>(t)))
        .risk;
  };
  const auto best = static_cast<double>(*steps);
  for (const double factor : {0.2, 0.6, 1.6, 5.0}) CHECK(risk(factor * best) > risk(best));
}

TEST_CASE("links are ridge regressions of clipped labels at the scale of the units") {
  const Data data;
  LinkOptions options;
  options.units = 9;
  options.target_clip = 1;
  options.penalty = 1e-2;
  const ReluReadout link = fit_link(data.units, options, data.s, data.y);
  const MatrixXd f = data.units.features(data.s);
  double deviation = 0;
  for (Index j = 0; j < 9; ++j) {
    deviation += std::sqrt((f.col(j).array() - f.col(j).mean()).square().sum() / 60) / 9;
  }
  const ReluRegression regression(data.units, data.s, data.y.cwiseMin(1).cwiseMax(-1));
  const VectorXd expected = regression.ridge(1e-2 * 60 * deviation * deviation).values(places);
  CHECK((link.values(places) - expected).norm() < 1e-9 * expected.norm());
  // One sample: units are constant, and the fit exists.
  CHECK(std::isfinite(fit_link(data.units, options, data.s.head(1), data.y.head(1)).value(0)));
  options.penalty = 0;
  CHECK_THROWS_AS(fit_link(data.units, options, data.s, data.y), ArgumentError);
}
