#pragma once

/// The best update of a given rank, over all subspaces and not only over blocks [W, Thm 8.2,
/// App. E.6]; theory Sec. 7.
///
/// Under u ~ N(0, tau2 I), r = J u + noise, the posterior mean has the variance
/// I = tau2^2 J'M^-1 J, M = tau2 K + sigma2 I. With the query metric Q = mean of j j' over the
/// queries, the best rank-k update keeps the top-k eigenspace of I_Q = Q^1/2 I Q^1/2 (whitened
/// coordinates), and its risk is tau2 tr Q minus the kept eigenvalues. Nothing of the size of the
/// parameters is made: the nonzero eigenvalues of I_Q are those of the m x m matrix
///
///     C_xy = (tau2^2 / m) k_x' M^-1 k_y,
///
/// and keeping the eigenspace projects the vector of the queries' Bayes corrections onto C's
/// eigenvectors.

#include <Eigen/Core>

#include "sextant/geometry/block_matrices.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::subspace {

/// Updates of every rank at once. m queries (or the n examples where they stand in).
struct OptimalSubspace {
  Eigen::VectorXd captured;    ///< Eigenvalues of I_Q [m], descending: what each direction gains.
  Eigen::MatrixXd directions;  ///< Eigenvectors of C [m, m], one column each: patterns of queries.
  Eigen::VectorXd bayes;       ///< Corrections of the exact posterior mean [m].
  double prior_risk = 0;       ///< tau2 tr Q: mean expected squared error without an update.

  /// Mean expected squared error of the best rank-k update, k >= 0: falls from `prior_risk` to that
  /// of the exact posterior mean at k = m.
  double risk(Eigen::Index rank) const;
  /// The corrections that it makes [m].
  Eigen::VectorXd corrections(Eigen::Index rank) const;
};

/// `full` is the eigensystem of the sum of all kernels, `residuals` r [n]. Throws `ArgumentError`
/// for wrong sizes, non-finite numbers and negative variances. Cost O(n^2 m + n m^2 + m^3).
OptimalSubspace optimal_subspace(const geometry::BlockMatrices& blocks,
                                 const spectral::Eigensystem& full,
                                 const Eigen::Ref<const Eigen::VectorXd>& residuals,
                                 const spectral::Benchmark& model);

/// Coefficients a [m] such that the update delta w = sum_x a_x j_x of the weights, j_x the queries'
/// gradients, makes the given corrections to first order: the update of least norm that does.
/// `query_gram` j_x . j_y [m, m]; directions below n eps of its largest eigenvalue are left out.
Eigen::VectorXd query_coefficients(const Eigen::Ref<const Eigen::MatrixXd>& query_gram,
                                   const Eigen::Ref<const Eigen::VectorXd>& corrections);

}  // namespace sextant::subspace
