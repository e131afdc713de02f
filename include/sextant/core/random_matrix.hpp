#pragma once

/// Matrices of independent standard normal entries.

#include <Eigen/Core>

#include "sextant/core/random.hpp"

namespace sextant {

/// [rows, columns] of N(0, 1), drawn column after column.
inline Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, Random& random) {
  Eigen::MatrixXd matrix(rows, columns);
  for (double& value : matrix.reshaped()) value = random.normal();
  return matrix;
}

/// [size] of N(0, 1).
inline Eigen::VectorXd normal_vector(Eigen::Index size, Random& random) {
  return normal_matrix(size, 1, random);
}

}  // namespace sextant
