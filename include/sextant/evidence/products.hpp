#pragma once

/// Evidence for prompts with more examples than an n x n kernel allows (theory Sec. 5).
///
/// The curve of all horizons needs three things of K: lambda_max for the step, log det(I - rho K),
/// which every T multiplies, and r' (I - rho K)^T r. Two ways to have them, named in the result:
///
///     features   exactly, from the p x p Gram matrix of the features: n p^2 operations
///     lanczos    from products alone: the quadratic forms by one Lanczos run from r, exact up to
///                rounding for all T < 2 steps; the determinant by stochastic Lanczos quadrature
///                of what the trace does not tell, with a standard error

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sextant/evidence/curve.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/lanczos.hpp"

namespace sextant::evidence {

enum class SpectrumMethod { features, lanczos };
/// "features", "lanczos".
std::string_view name_of(SpectrumMethod method);

/// A `ResidualSpectrum` for rho = scale / lambda_max, and how far it is to be trusted.
struct LargeSpectrum {
  SpectrumMethod method = SpectrumMethod::features;
  double lambda_max = 0;
  double lambda_max_residual = 0;  ///< lambda_max is known to within this; 0 when exact.
  double rho = 0;                  ///< 0 for a zero kernel.
  ResidualSpectrum spectrum;
  /// For likelihoods of the benchmark, log det(K + c I) and r'(K + c I)^-1 r: `spectrum` where it
  /// is exact. Otherwise quadratures that bound them, so that the negative log likelihood is at
  /// least
  /// (`pessimistic`) or at most (`optimistic`) what sampling alone would make of it: where fits to
  /// both agree, there were enough steps.
  ResidualSpectrum pessimistic;
  ResidualSpectrum optimistic;
  /// Where each probe's nodes end in `density_nodes`; empty when exact.
  std::vector<Eigen::Index> probe_ends;
  double log_determinant_error = 0;  ///< Standard error of log det(I - rho K); 0 when exact.
  /// Horizons up to here have exact quadratic forms; the largest int64 when all have.
  std::int64_t exact_horizon = 0;
  /// Standard error of l_T: T times that of the determinant over 2 n. O(1).
  double evidence_error(std::int64_t horizon) const;
};

/// From features Phi [n, p] side by side, K = Phi Phi'. p may exceed n, but then the n x n kernel
/// is the cheaper matrix; memory p^2 doubles. `residuals` r [n], `scale` c in (0, 1). Throws
/// `ArgumentError` for wrong sizes and numbers that are not finite. Cost n p^2 + 9 p^3.
LargeSpectrum spectrum_from_features(std::span<const Eigen::MatrixXd* const> features,
                                     const Eigen::Ref<const Eigen::VectorXd>& residuals,
                                     double scale = 0.1);

/// The same for whom the Gram matrix is easier to come by: `gram` decomposes Phi'Phi [p, p],
/// `coordinates` [p] are V'Phi'r in its eigenbasis, `squared_norm` is |r|^2 and `examples` n >= 1.
/// Throws as above. O(p).
LargeSpectrum spectrum_from_gram(const spectral::Eigensystem& gram,
                                 const Eigen::Ref<const Eigen::VectorXd>& coordinates,
                                 double squared_norm, Eigen::Index examples, double scale = 0.1);

struct LanczosOptions {
  double scale = 0.1;                   ///< c in (0, 1). Ignored when `rho` is given.
  std::optional<double> rho = {};       ///< A fixed rho; 0 < rho < 1 / lambda_max.
  Eigen::Index steps = 40;              ///< From r.
  Eigen::Index largest_products = 200;  ///< At most so many for lambda_max.
  spectral::TraceOptions trace = {};
};

/// From products alone. Cost: (steps + probes steps + about 40) products; memory 8 n steps doubles.
/// Deterministic by the options' seed. Throws as above.
LargeSpectrum spectrum_from_products(const spectral::KernelOperator& kernel,
                                     const Eigen::Ref<const Eigen::VectorXd>& residuals,
                                     const LanczosOptions& options = {});
/// The same with the space spanned from the residuals at hand, which makes `options.steps` idle.
LargeSpectrum spectrum_from_products(const spectral::KernelOperator& kernel,
                                     const spectral::KrylovSpace& from_residuals,
                                     const LanczosOptions& options = {});

}  // namespace sextant::evidence
