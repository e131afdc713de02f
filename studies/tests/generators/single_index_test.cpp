/// Single-index tasks: links, subspaces, samples, and sizes that are refused.

#include "sextant/studies/generators/single_index.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::generators;
using Eigen::MatrixXd;

TEST_CASE("links are normalised Hermite series") {
  const double z = 1.3;
  const double he2 = z * z - 1, he3 = z * z * z - 3 * z, he4 = z * z * z * z - 6 * z * z + 3;
  const double c = -0.4;
  const double quartic = c * he4 / std::sqrt(24.0);
  CHECK(link_value(LinkFamily::cubic, c, z) == test::close(he3 / std::sqrt(6.0) + quartic, 1e-12));
  CHECK(link_value(LinkFamily::even, c, z) == test::close(he2 / std::sqrt(2.0) + quartic, 1e-12));
  CHECK(link_value(LinkFamily::steep, c, z) ==
        test::close(he3 / std::sqrt(6.0) + 3 * quartic, 1e-12));
  CHECK(link_value(LinkFamily::saturating, c, z) == test::close(std::tanh(2.6) + c * he2, 1e-12));
  CHECK(name_of(LinkFamily::steep) == "steep");
}

TEST_CASE("tasks live in the subspace; samples have the moments they should") {
  SingleIndexFamily family;
  family.dimension = 9;
  family.rank = 3;
  family.link_spread = 0.7;
  family.sigma2 = 0.25;
  Random random(2);
  const MatrixXd subspace = draw_subspace(family, random);
  CHECK((subspace.transpose() * subspace - MatrixXd::Identity(3, 3)).norm() < 1e-13);
  MatrixXd second = MatrixXd::Zero(3, 3);
  double cs = 0;
  for (int i = 0; i < 4000; ++i) {
    const SingleIndexTask task = draw_single_index_task(family, subspace, random);
    REQUIRE(std::abs(task.beta.norm() - 1) < 1e-12);
    const Eigen::VectorXd inside = subspace.transpose() * task.beta;
    REQUIRE(std::abs(inside.norm() - 1) < 1e-12);
    REQUIRE(std::abs(task.c) <= 0.7);
    second += inside * inside.transpose() / 4000;
    cs += task.c * task.c / 4000;
  }
  CHECK((second - MatrixXd::Identity(3, 3) / 3).cwiseAbs().maxCoeff() < 0.025);
  CHECK(cs == test::close(0.49 / 3, 0.05));
  const SingleIndexTask task = draw_single_index_task(family, subspace, random);
  const LabelledInputs samples = draw_labelled_inputs(task, 40'000, random);
  const Eigen::VectorXd z = samples.x.transpose() * task.beta;
  const Eigen::ArrayXd noise =
      samples.y.array() - z.array().unaryExpr([&](double at) { return task.signal(at); });
  CHECK(std::abs(noise.mean()) < 0.01);
  CHECK(noise.square().mean() == test::close(0.25, 0.03));
  CHECK((samples.x * samples.x.transpose() / 40'000 - MatrixXd::Identity(9, 9))
            .cwiseAbs()
            .maxCoeff() < 0.03);
  const LabelledInputs part = samples.part(10, 5);
  CHECK(part.size() == 5);
  CHECK(part.x.col(2) == samples.x.col(12));
  CHECK(part.y[4] == samples.y[14]);
  CHECK(samples.part(40'000, 0).size() == 0);
  CHECK_THROWS_AS(samples.part(39'999, 2), ArgumentError);
  CHECK_THROWS_AS(samples.part(-1, 2), ArgumentError);
}

TEST_CASE("families of impossible sizes are refused, the smallest is ordinary") {
  Random random(1);
  SingleIndexFamily family;
  family.dimension = family.rank = 1;
  CHECK(std::abs(draw_subspace(family, random)(0, 0)) == test::close(1, 1e-12));
  const auto refused = [&](Eigen::Index dimension, Eigen::Index rank) {
    family.dimension = dimension;
    family.rank = rank;
    CHECK_THROWS_AS(draw_subspace(family, random), ArgumentError);
  };
  refused(0, 1);
  refused(100'001, 4);
  refused(4, 0);
  refused(4, 5);
  SingleIndexFamily noisy;
  noisy.sigma2 = -1;
  CHECK_THROWS_AS(draw_subspace(noisy, random), ArgumentError);
  CHECK_THROWS_AS(draw_single_index_task({}, MatrixXd::Identity(32, 3), random), ArgumentError);
  CHECK_THROWS_AS(draw_labelled_inputs({Eigen::VectorXd::Ones(2)}, 0, random), ArgumentError);
}
