#pragma once

/// One subspace for many prompts [W, Cor. E.23, Thm E.25]; theory Sec. 7.
///
/// For a query metric Q that does not depend on the prompt, the best fixed rank-k subspace is the
/// top-k eigenspace of the mean of I_Q over prompts. From m prompts it is estimated by their
/// average; choosing by the average costs at most twice k times its distance from the truth.

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "sextant/spectral/gaps.hpp"

namespace sextant::studies::analysis {

/// I_Q = Q^1/2 tau2^2 J'(tau2 J J' + sigma2 I)^-1 J Q^1/2 [d, d] of one prompt with Jacobian
/// J [n, d]; `root` Q^1/2 [d, d], symmetric. For features of moderate dimension d. Throws
/// `ArgumentError` for wrong sizes and a sigma2 that is not positive. Cost O(n^3 + n^2 d + d^3).
Eigen::MatrixXd captured_information(const Eigen::Ref<const Eigen::MatrixXd>& jacobian,
                                     const Eigen::Ref<const Eigen::MatrixXd>& root,
                                     const spectral::Benchmark& model);

/// What prompts have shown so far.
class GlobalDesign {
 public:
  /// Adds the I_Q of one prompt; all must have the same size.
  void add(const Eigen::MatrixXd& information);
  std::int64_t prompts() const { return prompts_; }
  /// Their mean. Throws `ArgumentError` when none has been added.
  Eigen::MatrixXd mean() const;
  /// Orthonormal basis [d, rank] of the top eigenspace of the mean, 1 <= rank <= d.
  Eigen::MatrixXd subspace(Eigen::Index rank) const;
  /// The norms that the regret bound needs, with the mean in place of the expectation:
  /// nu = norm of sum (I_j - mean)^2, R = largest norm of I_j - mean. O(m d^3).
  struct Spread {
    double variation = 0;  ///< nu
    double largest = 0;    ///< R
  };
  Spread spread() const;

 private:
  std::int64_t prompts_ = 0;
  std::vector<Eigen::MatrixXd> informations_;
};

/// How much risk the subspace spanned by `basis` [d, k] (orthonormal columns) gives away against
/// the best one of the same rank, for the expected information `truth` [d, d]; at least 0.
double design_regret(const Eigen::Ref<const Eigen::MatrixXd>& basis, const Eigen::MatrixXd& truth);

/// 2 k eps with eps = (sqrt(2 nu log(2 d/delta)) + (2 R/3) log(2 d/delta)) / m: the regret of
/// choosing by the average of m prompts is at most this with probability at least 1 - delta, if nu
/// and R bound the true variation and spread [W, Thm E.25].
double design_regret_bound(Eigen::Index rank, Eigen::Index dimension, std::int64_t prompts,
                           const GlobalDesign::Spread& spread, double delta);

}  // namespace sextant::studies::analysis
