#pragma once

/// Pretraining of the attention matrix: one gradient step over many prompts (theory Sec. 3 of the
/// single-index note).
///
/// From Gamma0 = alpha0 I with a linear readout of small output, the negative gradient of the
/// squared loss is, up to a constant, the mean over prompts and their queries of
///
///     ty_q V(q) q',     V(q) = d attn / d(Gamma q) = sum_j p_j (ty_j - attn) kap_j x_j.
///
/// A step with weight decay 1/step size drops Gamma0 and leaves the gradient, of which the
/// identity-like background is removed and the scale is fixed.

#include <Eigen/Core>
#include <cstdint>
#include <functional>

#include "sextant/studies/single_index/attention.hpp"

namespace sextant::studies::single_index {

struct PretrainingOptions {
  Eigen::Index prompts = 8000;  ///< T_pt, each a task of its own; 250 d is enough at rank 4.
  Eigen::Index context = 1024;  ///< N_pt, labelled examples of a prompt.
  Eigen::Index queries = 1024;  ///< Labelled queries of a prompt.
  double initial_scale = 0.4;   ///< alpha0 sqrt(d); 0.05 to 0.8 works, 0 needs clipped labels.
  std::uint64_t seed = 1;
  std::function<void(Eigen::Index done)> on_progress;  ///< Prompts so far, of `prompts`; may be
                                                       ///< empty. From the calling thread.
};

/// Gamma* and what its spectrum says.
struct Pretrained {
  Eigen::MatrixXd gamma;        ///< [d, d] symmetric; sqrt(r) gamma is about the projector on S.
  Eigen::VectorXd eigenvalues;  ///< Of sqrt(r) gamma, [d] descending; the first r average 1.
  Eigen::MatrixXd subspace;     ///< [d, r], eigenvectors of the r largest.
  double background = 0;        ///< The subtracted mean of the others, over the mean of the r
                                ///< largest after that; usually negative.

  Eigen::Index rank() const { return subspace.cols(); }
  double largest_bulk() const;  ///< Largest |eigenvalue| after the first r; 0 for r = d.
};

/// The mean gradient [d, d] (before symmetrising). `subspace` [d, r] is where the tasks live.
/// Throws `ArgumentError` for sizes below 1 and settings out of range. Cost: prompts (4 context
/// queries d + context queries exponentials), in single precision; sums over prompts in double.
/// Deterministic by the seed, the same for every number of threads.
Eigen::MatrixXd pretraining_gradient(const generators::SingleIndexFamily& family,
                                     const Eigen::Ref<const Eigen::MatrixXd>& subspace,
                                     const Attention& attention, const PretrainingOptions& options);

/// Symmetrises, subtracts the mean of the d - r lowest eigenvalues from all (none for r = d) and
/// scales so that the r largest eigenvalues of sqrt(r) gamma have mean 1. Throws `ArgumentError`
/// for a matrix that is not square or not finite and a rank outside 1 to d, `NumericalError` when
/// no eigenvalue stands out (a multiple of I). O(d^3).
Pretrained normalise_gradient(const Eigen::Ref<const Eigen::MatrixXd>& gradient, Eigen::Index rank);

/// Both in turn.
Pretrained pretrain(const generators::SingleIndexFamily& family,
                    const Eigen::Ref<const Eigen::MatrixXd>& subspace, const Attention& attention,
                    const PretrainingOptions& options);

/// The smallest cosine of a principal angle between the spans of two matrices [d, r] with
/// orthonormal columns: 1 when they are equal, 0 when one holds a direction orthogonal to the
/// other.
double smallest_cosine(const Eigen::Ref<const Eigen::MatrixXd>& a,
                       const Eigen::Ref<const Eigen::MatrixXd>& b);

/// |P gamma P|^2/|gamma|^2 (Frobenius), the share of a symmetric gamma's energy inside the span of
/// `subspace` [d, r], whose columns are orthonormal.
double energy_inside(const Eigen::Ref<const Eigen::MatrixXd>& gamma,
                     const Eigen::Ref<const Eigen::MatrixXd>& subspace);

}  // namespace sextant::studies::single_index
