#pragma once

/// The weights that pretraining ends in, and their risk (theory A1).
///
/// Pretraining minimises the expected squared error over tasks beta ~ N(0, Sb) with contexts of n
/// examples, inputs N(0, Sx) and labels with noise of variance sigma2. Its optimum is W* =
/// E[beta u'] E[u u']^-1. Errors: `ArgumentError` for sizes out of range and for variances that are
/// negative or not finite.

#include <Eigen/Core>
#include <cstdint>

namespace sextant::studies::linear {

/// Sx = I, Sb = task_variance I: W* = w I with w = 1/(n + d + 1 + sigma2/task_variance). For test
/// tasks of fixed |beta|^2 = b2 the right task variance is b2/d. 0 when `task_variance` is 0.
double pretrained_scale(std::int64_t n, std::int64_t d, double sigma2, double task_variance = 1);

/// The expected squared error of that model over tasks, contexts and queries, sigma2 included.
double pretrained_risk(std::int64_t n, std::int64_t d, double sigma2, double task_variance = 1);

/// The optimum for Sx = diag(l) and Sb = diag(b).
struct DiagonalOptimum {
  Eigen::VectorXd weights;    ///< [d] w_i = b_i/((n + 1) l_i b_i + sum_j l_j b_j + sigma2).
  Eigen::VectorXd remainder;  ///< [d] delta_i = 1 - n w_i l_i, the share of beta_i that is not
                              ///< learned from a context; in [0, 1].
  double risk = 0;            ///< Expected squared error, sigma2 included.
};

/// `input_variances` l and `task_variances` b, both [d], at least 0. Weights are 0 where b_i = 0,
/// and all of them when there is neither signal nor noise. O(d).
DiagonalOptimum diagonal_optimum(std::int64_t n,
                                 const Eigen::Ref<const Eigen::VectorXd>& input_variances,
                                 const Eigen::Ref<const Eigen::VectorXd>& task_variances,
                                 double sigma2);

/// The optimum for any covariances Sx and Sb, both [d, d], symmetric and positive semidefinite
/// (symmetry within 1e-8 of the largest entry is checked, definiteness is not):
/// W* = [(n + 1) Sb Sx + (tr(Sx Sb) + sigma2) I]^-1 Sb, which needs no inverse of Sx. Zero when
/// there is neither signal nor noise. O(d^3); at most `largest_dense_dimension`.
Eigen::MatrixXd optimal_weights(std::int64_t n, const Eigen::Ref<const Eigen::MatrixXd>& inputs,
                                const Eigen::Ref<const Eigen::MatrixXd>& tasks, double sigma2);

inline constexpr std::int64_t largest_dense_dimension = 4096;

}  // namespace sextant::studies::linear
