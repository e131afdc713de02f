/// The three negative results against simulation and against every competitor on a grid.

#include "sextant/studies/analysis/necessity.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::analysis;
using sextant::test::close;

TEST_CASE("gaps on a projector are those of simulated residuals") {
  Random random(4);
  const Eigen::MatrixXd basis = test::random_rotation(9, random).leftCols(4);
  const double sigma2 = 0.5;
  const PriorSeparation separation = prior_separation(0.45, 4, sigma2, 0.3, 5);
  const double expected[] = {separation.first_gap, separation.second_gap};
  const double lambda_stars[] = {0.3, 5};
  for (const int j : {0, 1}) {
    const double lambda_star = lambda_stars[j];
    const int draws = 20000;
    double mean = 0;
    double square = 0;
    for (int i = 0; i < draws; ++i) {
      const Eigen::VectorXd r =
          std::sqrt(sigma2 / lambda_star) * (basis * normal_vector(4, random)) +
          std::sqrt(sigma2) * normal_vector(9, random);
      const Eigen::VectorXd projected = basis * (basis.transpose() * r);
      const double loss = (0.45 * projected - projected / (1 + lambda_star)).squaredNorm();
      mean += loss / draws;
      square += loss * loss / draws;
    }
    CHECK(std::abs(mean - expected[j]) < 4 * std::sqrt((square - mean * mean) / draws));
  }
}

TEST_CASE("no filter value makes both gaps smaller than the bound; the minimax one comes closest") {
  for (const double first : {0.1, 1.0}) {
    for (const double second : {0.5, 20.0}) {
      const double best = minimax_filter(0.7, first, second);
      const PriorSeparation at_best = prior_separation(best, 3, 0.7, first, second);
      CHECK(at_best.first_gap == close(at_best.second_gap, 1e-9));
      for (double filter = -0.5; filter < 1.5; filter += 0.01) {
        const PriorSeparation other = prior_separation(filter, 3, 0.7, first, second);
        const double larger = std::max(other.first_gap, other.second_gap);
        CHECK(larger >= other.bound);
        CHECK(larger >= at_best.first_gap * (1 - 1e-12));
      }
    }
  }
  CHECK(prior_separation(0.5, 2, 1, 1, 1).bound == 0);
}

TEST_CASE("James and Stein's estimate beats the full fit from rank 3 on, for every signal") {
  Random random(9);
  const double sigma2 = 1.3;
  for (const Eigen::Index rank : {3, 8}) {
    const Eigen::MatrixXd basis = test::random_rotation(12, random).leftCols(rank);
    for (const double size : {0.0, 1.0, 4.0}) {
      CAPTURE(rank);
      CAPTURE(size);
      const Eigen::VectorXd f = basis * (size * normal_vector(rank, random));
      const int draws = 20000;
      double mean = 0;
      double square = 0;
      for (int i = 0; i < draws; ++i) {
        const Eigen::VectorXd r = f + std::sqrt(sigma2) * normal_vector(12, random);
        const Eigen::VectorXd fitted = basis * (basis.transpose() * r);
        const double gain =
            (fitted - f).squaredNorm() - (james_stein(basis, r, sigma2) - f).squaredNorm();
        mean += gain / draws;
        square += gain * gain / draws;
      }
      // Stein's identity: the gain is (d - 2)^2 sigma2^2 E[1/|P r|^2], d - 2 times sigma2 for f =
      // 0.
      const double error = std::sqrt((square - mean * mean) / draws);
      CHECK(mean > 2 * error);
      if (size == 0) {
        CHECK(std::abs(mean - sigma2 * static_cast<double>(rank - 2)) < 4 * error);
      }
    }
  }
  const Eigen::MatrixXd two = test::random_rotation(5, random).leftCols(2);
  const Eigen::VectorXd r = normal_vector(5, random);
  CHECK((james_stein(two, r, sigma2) - two * (two.transpose() * r)).norm() < 1e-14);
  CHECK(james_stein(two, Eigen::VectorXd::Zero(5), sigma2).isZero(0.0));
}

TEST_CASE("no filter reaches what lies outside the kernel's range") {
  Random random(6);
  Eigen::VectorXd values = Eigen::VectorXd::Zero(8);
  values.head(3) << 4, 1, 0.2;
  const spectral::Eigensystem system = spectral::decompose(test::kernel_with(values, random));
  const Eigen::VectorXd f = normal_vector(8, random);
  const double floor = irreducible_error(system, f);
  CHECK(floor > 0.1);
  CHECK(range_basis(system).cols() == 3);
  for (const std::int64_t horizon : {0, 1, 10, 1000, 1000000}) {
    const Eigen::VectorXd filter = spectral::gd_prompt_filter(system.values, 0.2, horizon);
    CHECK((spectral::prompt_correction(system, filter, f) - f).squaredNorm() >= floor * (1 - 1e-9));
  }
  const Eigen::VectorXd all = spectral::gd_prompt_filter(system.values, 0.2, 1000000);
  CHECK((spectral::prompt_correction(system, all, f) - f).squaredNorm() == close(floor, 1e-9));
  CHECK(irreducible_error(spectral::decompose(Eigen::MatrixXd::Zero(8, 8)), f) ==
        close(f.squaredNorm()));
  CHECK(irreducible_error(spectral::decompose(Eigen::MatrixXd::Identity(8, 8)), f) < 1e-28);
}

TEST_CASE("arguments out of range are rejected") {
  CHECK_THROWS_AS(prior_separation(0.5, 0, 1, 1, 2), ArgumentError);
  CHECK_THROWS_AS(prior_separation(0.5, 1, 0, 1, 2), ArgumentError);
  CHECK_THROWS_AS(minimax_filter(1, 0, 2), ArgumentError);
  CHECK_THROWS_AS(james_stein(Eigen::MatrixXd::Identity(3, 3), Eigen::Vector2d(1, 1), 1),
                  ArgumentError);
  CHECK_THROWS_AS(irreducible_error(spectral::decompose(Eigen::MatrixXd::Identity(3, 3)),
                                    Eigen::Vector2d(1, 1)),
                  ArgumentError);
}
