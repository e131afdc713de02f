#pragma once

/// How far to adapt for prompts whose n x n kernel would not fit: the answers of choose_horizon.hpp
/// from products with the kernel alone (theory Secs. 2 to 6).

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/spectral/kernel_operator.hpp"

namespace sextant::advice {

/// A prompt as `choose_horizon` reads it, with the kernel as products.
struct KernelProducts {
  const spectral::KernelOperator* kernel = nullptr;  ///< K [n, n]
  Eigen::VectorXd residuals = {};                    ///< r [n]
  Eigen::MatrixXd couplings = {};                    ///< k(x) of each query [n, m]
  Eigen::VectorXd variances = {};                    ///< kappa(x) of each query [m]
  std::vector<std::int64_t> query_numbers = {};      ///< [m]
};

struct ProductOptions {
  Eigen::Index steps = 30;  ///< Products from r, from every query's coupling and from every probe.
  int probes = 8;           ///< Random sign vectors for traces and determinants, at least 2.
  std::uint64_t seed = 1;
};

/// `choose_horizon` by Lanczos' iteration. Quadratic forms, and with them corrections, are exact up
/// to rounding for fewer than `steps` steps of gradient descent. Determinants are estimates: in
/// `HorizonChoice::products` stand the standard errors, and a warning where they leave T_MAP open.
///
/// As in `choose_horizon`, but: `system` holds Ritz values without vectors, and there are no
/// certificates and no credible intervals. Throws `ArgumentError` for options out of range,
/// sizes that do not fit, numbers that are not finite, and products or Ritz values which show that
/// the kernel is not symmetric or not positive semidefinite (within 1e-4). Cost: (2 + probes + m)
/// steps products, and two. Deterministic.
HorizonChoice choose_horizon(const KernelProducts& prompt, const HorizonOptions& options,
                             const ProductOptions& products);

}  // namespace sextant::advice
