#include "sextant/studies/analysis/global_design.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::analysis;
using sextant::spectral::Benchmark;
using sextant::test::close;

TEST_CASE("the captured information follows its definition by an inverse") {
  Random random(1);
  const Benchmark model{0.8, 0.5};
  const Eigen::MatrixXd jacobian = normal_matrix(7, 5, random);
  const Eigen::MatrixXd factor = normal_matrix(5, 5, random);
  const Eigen::MatrixXd root = factor * factor.transpose();
  Eigen::MatrixXd covariance = model.tau2 * jacobian * jacobian.transpose();
  covariance.diagonal().array() += model.sigma2;
  const Eigen::MatrixXd plain =
      std::pow(model.tau2, 2) * jacobian.transpose() * covariance.inverse() * jacobian;
  const Eigen::MatrixXd information = captured_information(jacobian, root, model);
  CHECK((information - root * plain * root).norm() < 1e-12 * information.norm());
}

TEST_CASE("choosing by the average of prompts costs no more than the bound, at its rate") {
  Random random(3);
  const Eigen::Index d = 6;
  const Benchmark model{1, 0.5};
  const Eigen::VectorXd scales = Eigen::VectorXd::LinSpaced(d, 1.5, 0.5);
  const Eigen::MatrixXd root = Eigen::MatrixXd::Identity(d, d);
  const auto information = [&] {
    const Eigen::MatrixXd jacobian = normal_matrix(4, d, random) * scales.asDiagonal();
    return captured_information(jacobian, root, model);
  };
  GlobalDesign many;
  for (int i = 0; i < 4000; ++i) many.add(information());
  const Eigen::MatrixXd truth = many.mean();
  const auto spread = many.spread();
  double few_regret = 0;
  double more_regret = 0;
  int misses = 0;
  const int repeats = 60;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const int prompts : {5, 80}) {
      GlobalDesign design;
      for (int i = 0; i < prompts; ++i) design.add(information());
      const double regret = design_regret(design.subspace(2), truth);
      // The variation is a sum over prompts.
      const GlobalDesign::Spread of_these = {spread.variation * prompts / 4000, spread.largest};
      misses += regret > design_regret_bound(2, d, prompts, of_these, 0.05);
      (prompts == 5 ? few_regret : more_regret) += regret / repeats;
    }
  }
  CHECK(misses <= 2 * repeats * 0.05);
  CHECK(few_regret > 0);
  CHECK(more_regret < few_regret / 3);
  CHECK(design_regret(many.subspace(3), truth) < 1e-12);
  CHECK(design_regret_bound(2, d, 10, {1, 0.5}, 0.1) ==
        close(4 * (std::sqrt(2 * std::log(120.0)) + std::log(120.0) / 3) / 10));
}

TEST_CASE("a design rejects arguments out of range") {
  GlobalDesign design;
  CHECK_THROWS_AS(design.mean(), ArgumentError);
  design.add(Eigen::MatrixXd::Identity(2, 2));
  CHECK_THROWS_AS(design.add(Eigen::MatrixXd::Identity(3, 3)), ArgumentError);
  CHECK_THROWS_AS(design.subspace(3), ArgumentError);
  CHECK_THROWS_AS(design_regret_bound(3, 2, 1, {1, 1}, 0.05), ArgumentError);
}
