#pragma once

/// The evidence of a horizon [W, Sec. 7, App. I.3]; theory Sec. 5.
///
/// T steps of gradient descent are Bayes under r | K, T ~ N(0, Sigma_T) with
/// Sigma_T = sigma2 (I - rho K)^-T. The evidence is the negative log density per example without
/// the constant log(2 pi)/2, in nats (smaller is better):
///
///     l_T = 1/(2n) { n log sigma2 - T sum log(1 - rho l_i) + (1/sigma2) sum (1 - rho l_i)^T rt_i^2
///     }
///
/// so that -log p(r)/n = l_T + log(2 pi)/2. It is convex in T, also with sigma2 profiled out.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sextant::evidence {

/// How the observation variance of the evidence is found.
enum class Sigma2Rule {
  plug_in,  ///< |r|^2 / n, the same for every T.
  profile,  ///< The maximum likelihood value of each T, (1/n) sum (1 - rho l_i)^T rt_i^2.
  fixed     ///< A given value.
};

/// A rule and, for `fixed`, the variance (positive, in the square of the residuals' unit).
struct Sigma2Choice {
  Sigma2Rule rule = Sigma2Rule::plug_in;
  double value = 0;  ///< Of `fixed`; with the other rules 0, and an error otherwise.
};

/// l_T over a list of horizons.
struct EvidenceCurve {
  std::vector<std::int64_t> horizons;  ///< The candidates, as given.
  Eigen::VectorXd values;              ///< l_T per candidate, constants as above.
  Eigen::VectorXd relative;            ///< l_T minus the smallest l_T; free of the unit.
  Eigen::VectorXd sigma2;              ///< The variance used at each candidate.
  std::int64_t t_map = 0;  ///< T_MAP: the smallest candidate of minimal l_T; values within 1e-13
                           ///< of the minimum, where rounding decides, count as equal.
  Eigen::Index map_index = 0;   ///< Its place in `horizons`.
  bool at_lower_edge = false;   ///< T_MAP is the smallest candidate; natural when that is 0.
  bool at_upper_edge = false;   ///< T_MAP is the largest candidate: more steps may be better.
  bool zero_residuals = false;  ///< r = 0 with sigma2 plug-in or profile, see `evidence_curve`.
  Eigen::Index examples = 0;    ///< n.
};

/// Evidence of every horizon in `horizons` (non-empty, each at least 0, any order).
///
/// `values` eigenvalues [n], `rotated_residuals` rt = U'r [n], rho as in filters.hpp: with a zero
/// kernel the curve is constant and T_MAP the smallest candidate. If r = 0, plug-in and profiled
/// variances are 0 and every l_T is -infinity; `relative` and T_MAP are then those of the
/// determinant's term alone, which rises with T, and `zero_residuals` says so.
/// Relative accuracy about 1e-13 of the terms. Throws `ArgumentError` for values out of range.
/// Cost: a multiplication and an addition per (T, i), and exponentials only for every 128th T of a
/// contiguous list. Deterministic.
EvidenceCurve evidence_curve(const Eigen::Ref<const Eigen::VectorXd>& values,
                             const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals, double rho,
                             std::span<const std::int64_t> horizons, Sigma2Choice sigma2 = {});

/// What the evidence of every T needs to know of K and r, from whatever method found it.
struct ResidualSpectrum {
  Eigen::Index examples = 0;  ///< n
  Eigen::VectorXd nodes;      ///< Eigenvalues, or the nodes of a quadrature; each at least 0.
  /// r' f(K) r = sum_j energies_j f(nodes_j); each at least 0, their sum is |r|^2.
  Eigen::VectorXd energies;
  double log_determinant = 0;  ///< log det(I - rho K), at most 0.
  /// tr f(K) = sum_j counts_j f(density_nodes_j), exactly or as an estimate; counts add up to n.
  /// The curve of horizons does not need it.
  Eigen::VectorXd density_nodes;
  Eigen::VectorXd counts;
};

/// The same curve from a summary of K and r, whose `log_determinant` must belong to this `rho`.
EvidenceCurve evidence_curve(const ResidualSpectrum& spectrum, double rho,
                             std::span<const std::int64_t> horizons, Sigma2Choice sigma2 = {});

/// T_MAP over all T >= 0.
struct UnboundedMap {
  /// The smallest minimiser, ties as in `EvidenceCurve::t_map`. Empty when l_T falls for ever,
  /// which needs a profiled variance and residuals without a part in the slow directions.
  std::optional<std::int64_t> horizon;
  int evaluations = 0;  ///< Horizons looked at, O(log T_MAP).
};

/// Minimises l_T over every T >= 0 by doubling and bisection, using its convexity. Arguments as in
/// `evidence_curve`. Cost O(n log T_MAP).
UnboundedMap unbounded_map(const Eigen::Ref<const Eigen::VectorXd>& values,
                           const Eigen::Ref<const Eigen::VectorXd>& rotated_residuals, double rho,
                           Sigma2Choice sigma2 = {});

}  // namespace sextant::evidence
