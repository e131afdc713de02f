#pragma once

/// Kernel ridge regression with a kernel and a penalty chosen on held-out samples: what a learner
/// without pretraining can do (theory Sec. 5 of the single-index note).

#include <Eigen/Core>
#include <string_view>
#include <vector>

#include "sextant/studies/generators/single_index.hpp"

namespace sextant::studies::single_index {

/// k(x, x'), d the number of coordinates.
enum class Kernel {
  gaussian,       ///< exp(-|x - x'|^2/(2 d))
  wide_gaussian,  ///< exp(-|x - x'|^2/(8 d))
  quartic         ///< (1 + <x, x'>/d)^4
};
/// "gaussian", "wide gaussian", "quartic".
std::string_view name_of(Kernel kernel);

/// The matrix k(a_i, b_j) [n, m] for columns of a [d, n] and b [d, m]. O(n m d).
Eigen::MatrixXd kernel_matrix(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& a,
                              const Eigen::Ref<const Eigen::MatrixXd>& b);

struct KernelRidgeOptions {
  /// Of the mean of k(x, x).
  std::vector<double> relative_penalties = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};
  double held_out = 0.2;  ///< Share of the samples for the choice, the last of them; in (0, 1).
  Eigen::Index choice_samples = 20'000;  ///< The choice looks at this many, the first, at least 5.
};

/// Too many samples for one matrix of doubles in a few gigabytes.
inline constexpr Eigen::Index largest_kernel = 20'000;

class KernelRidge {
 public:
  /// Chooses among all kernels and penalties by the squared error on the held-out samples and fits
  /// all samples with the winner. Throws `ArgumentError` for fewer than 5 samples or more than
  /// `largest_kernel`, and options out of range; `NumericalError` when no penalty leaves a matrix
  /// that can be factorised. O(n^3) for every kernel and penalty (LAPACK dpotrf, one thread);
  /// deterministic.
  KernelRidge(const generators::LabelledInputs& samples, const KernelRidgeOptions& options = {});

  Eigen::VectorXd predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;
  Kernel kernel() const { return kernel_; }
  double relative_penalty() const { return relative_penalty_; }

 private:
  Eigen::MatrixXd x_;
  Kernel kernel_ = Kernel::gaussian;
  double relative_penalty_ = 0;
  Eigen::VectorXd dual_;
};

}  // namespace sextant::studies::single_index
