#pragma once

/// Kernels known by their products alone, for prompts whose n x n kernel would not fit.

#include <Eigen/Core>
#include <optional>
#include <vector>

namespace sextant::spectral {

/// A symmetric positive semidefinite K [n, n] that can be multiplied by columns.
class KernelOperator {
 public:
  virtual ~KernelOperator() = default;
  virtual Eigen::Index size() const = 0;
  /// K V for V [n, c]. Deterministic, whatever the number of threads. Throws `ArgumentError` on a
  /// wrong size.
  virtual Eigen::MatrixXd apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const = 0;
  /// tr K up to rounding; empty where only estimates are to be had.
  virtual std::optional<double> trace() const = 0;
};

/// A kernel that is there, for comparison with everything below. Refers to `kernel`, which must
/// outlive it and be symmetric.
class DenseKernel : public KernelOperator {
 public:
  /// Throws `ArgumentError` unless the kernel is not empty, square, finite and symmetric.
  explicit DenseKernel(const Eigen::MatrixXd& kernel);
  Eigen::Index size() const override { return kernel_.rows(); }
  Eigen::MatrixXd apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const override;
  std::optional<double> trace() const override { return kernel_.trace(); }

 private:
  const Eigen::MatrixXd& kernel_;
};

/// K = sum over blocks of scale_b Phi_b Phi_b' from features Phi_b [n, p_b]: products cost
/// 4 n p c operations for p parameters in all, and nothing of size n x n is made. Refers to the
/// features, which must outlive it.
class FeatureKernel : public KernelOperator {
 public:
  /// `scales` are the blocks' prior variances, each at least 0; empty means 1 for all. Throws
  /// `ArgumentError` for no block, different numbers of rows, and scales out of range.
  explicit FeatureKernel(std::vector<const Eigen::MatrixXd*> features,
                         std::vector<double> scales = {});
  Eigen::Index size() const override { return features_.front()->rows(); }
  Eigen::MatrixXd apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const override;
  std::optional<double> trace() const override;

 private:
  std::vector<const Eigen::MatrixXd*> features_;
  std::vector<double> scales_;
};

}  // namespace sextant::spectral
