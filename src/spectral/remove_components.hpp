#pragma once

/// Full reorthogonalisation, which keeps Lanczos' iterations stable.

#include <Eigen/Core>

namespace sextant::spectral {

/// Makes `vector` [n] orthogonal to the orthonormal columns of `basis` [n, k], to rounding.
inline void remove_components(const Eigen::Ref<const Eigen::MatrixXd>& basis,
                              Eigen::VectorXd& vector) {
  for (int pass = 0; pass < 2; ++pass) {  // the second pass removes the first one's rounding
    const Eigen::VectorXd overlaps = basis.transpose() * vector;
    vector.noalias() -= basis * overlaps;
  }
}

}  // namespace sextant::spectral
