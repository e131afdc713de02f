#pragma once

/// Why one task gains more than another: alignment with what pretraining has seen (theory A4,
/// leading order in large n, d and k).

#include <Eigen/Core>
#include <array>

#include "sextant/studies/linear/setting.hpp"

namespace sextant::studies::linear {

/// For W0 = diag(w), delta_i = 1 - n w_i l_i and j = 1, 2, 3 (index j - 1):
struct Alignment {
  std::array<double, 3> bias{};  ///< A_j = sum l_i^j delta_i^2 beta_i^2, what is left of beta.
  std::array<double, 3> fluctuation{};  ///< F_j = n v sum w_i^2 l_i^(j+1), v = sum l_i beta_i^2 +
                                        ///< sigma2: what a finite context adds.
  double initial_risk = 0;              ///< ~ sigma2 + A_1 + F_1, sigma2 included.
  double same_context_gain = 0;         ///< ~ k (A_2 + F_2)^2 / denominator
  double fresh_context_gain = 0;        ///< ~ k A_2^2 / denominator, where denominator =
                                        ///< (k + 1)(A_3 + F_3) + tr(Sx^2)(A_1 + F_1 + sigma2)
};

/// `weights` [d], such as those of `diagonal_optimum` or 0 for the cold start. Gains are 0 where
/// the denominator is. A task along directions that pretraining put energy in has small A_j and
/// little to gain. Off by O(1/d): 10 to 30% at d = 20, so use `one_step` for numbers. Throws
/// `ArgumentError` as `one_step`. O(d).
Alignment alignment(const Diagonal& setting, const Eigen::Ref<const Eigen::VectorXd>& weights);

}  // namespace sextant::studies::linear
