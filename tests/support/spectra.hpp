#pragma once

/// Seeded random matrices and a list of awkward spectra, shared by the statistical tests.

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "sextant/core/random_matrix.hpp"

namespace sextant::test {

/// Uniformly distributed orthogonal matrix up to column signs.
inline Eigen::MatrixXd random_rotation(Eigen::Index n, Random& random) {
  return Eigen::HouseholderQR<Eigen::MatrixXd>(normal_matrix(n, n, random)).householderQ();
}

/// A kernel with these eigenvalues in a random basis, exactly symmetric.
inline Eigen::MatrixXd kernel_with(const Eigen::VectorXd& values, Random& random) {
  const Eigen::MatrixXd u = random_rotation(values.size(), random);
  const Eigen::MatrixXd k = u * values.asDiagonal() * u.transpose();
  return (k + k.transpose()) / 2;
}

struct NamedSpectrum {
  std::string name;
  Eigen::VectorXd values;
};

/// Ordinary spectra and the degenerate ones that every formula has to survive.
inline std::vector<NamedSpectrum> spectra(Random& random) {
  std::vector<NamedSpectrum> list;
  const auto add = [&](std::string name, Eigen::VectorXd v) {
    list.push_back({std::move(name), std::move(v)});
  };
  add("one", Eigen::VectorXd::Constant(1, 0.7));
  add("one, zero", Eigen::VectorXd::Zero(1));
  add("zero", Eigen::VectorXd::Zero(6));
  add("all equal", Eigen::VectorXd::Constant(7, 2.5));
  Eigen::VectorXd v = Eigen::VectorXd::Zero(8);
  v[0] = 3;
  add("rank one", v);
  v = Eigen::VectorXd::LinSpaced(9, 0.1, 0.9);
  v[0] = 1e9;
  add("spike", v);
  v = Eigen::VectorXd::LinSpaced(10, 1, 10).cwiseInverse();
  add("1/i", v);
  add("1/i^2", v.cwiseAbs2());
  for (Eigen::Index i = 0; i < 10; ++i) v[i] = std::pow(10.0, -2.0 * static_cast<double>(i));
  add("18 decades", v);
  const Eigen::MatrixXd phi = normal_matrix(12, 24, random) / std::sqrt(24.0);
  v = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(phi * phi.transpose()).eigenvalues().reverse();
  add("Wishart", v);
  return list;
}

}  // namespace sextant::test
