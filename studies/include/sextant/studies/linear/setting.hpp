#pragma once

/// The linear transformer with one test-time gradient step: what its theory takes as given.
///
/// The model is one layer of linear attention (Gozeten et al., arXiv:2503.11842). A context of n
/// labelled examples of one task, y_i = x_i'beta + noise, enters through u = X'y alone, and the
/// prediction for a query is x'W u with one d x d matrix W that was trained over many tasks. At
/// test time W takes a gradient step on k further labelled queries (x_j, y_j) of the same task, all
/// read with the same context:
///
///     loss sum_j (y_j - x_j'W u)^2,    W1 = W0 + 2 eta g u',    g = sum_j x_j (y_j - x_j'W0 u).
///
/// The loss is a sum, without the factor 1/2: for a mean over the k samples multiply eta by k, for
/// half squared errors by 2.
///
/// After the step there are two risks, which differ in size and even in which start they prefer:
///   same context   the next query is read with the very context u that the step used;
///   fresh context  the adapted W is used with a new context of the same task.
/// Both are expected squared errors of a noisy label, sigma2 included.

#include <Eigen/Core>
#include <cstdint>

namespace sextant::studies::linear {

/// The largest dimension, and the largest number of examples in a context or of samples.
inline constexpr std::int64_t largest_dimension = 100'000;
inline constexpr std::int64_t largest_count = 1'000'000;

/// Inputs with covariance I.
struct Isotropic {
  std::int64_t n = 0;  ///< Examples in a context, 1 to `largest_count`.
  std::int64_t k = 0;  ///< Samples of the gradient step, 1 to `largest_count`.
  std::int64_t d = 0;  ///< Dimension, 1 to `largest_dimension`.
  double b2 = 1;       ///< |beta|^2 of the task, at least 0.
  double sigma2 = 0;   ///< Variance of the labels' noise, at least 0.
};

/// Inputs with independent coordinates of different variance, and one task.
struct Diagonal {
  std::int64_t n = 0;               ///< As above.
  std::int64_t k = 0;               ///< As above.
  Eigen::VectorXd input_variances;  ///< l [d], at least 0.
  Eigen::VectorXd beta;             ///< [d]
  double sigma2 = 0;                ///< As above.
};

/// The same setting with all input variances 1 and a task with equal entries. Throws
/// `ArgumentError` for values out of range.
Diagonal as_diagonal(const Isotropic& setting);

}  // namespace sextant::studies::linear
