#pragma once

/// Expected errors without test samples.

#include <Eigen/Core>
#include <functional>

#include "sextant/studies/generators/single_index.hpp"
#include "sextant/studies/single_index/attention.hpp"

namespace sextant::studies::single_index {

/// E f(Z) = sum_i weights_i f(nodes_i) for Z ~ N(0, 1), exact for polynomials of degree below
/// 2 count.
struct NormalQuadrature {
  Eigen::VectorXd nodes;    ///< Ascending.
  Eigen::VectorXd weights;  ///< Positive, sum 1.
};

/// Gauss-Hermite quadrature by Golub and Welsch; `count` 1 to 256, else `ArgumentError`.
/// O(count^3).
NormalQuadrature normal_quadrature(int count);

/// E[(signal(z) - f(s))^2] for standard normal z and s with correlation `overlap` in [-1, 1]: the
/// error of predicting f(<u, x>) where <beta, u> = overlap, |u| = 1, beyond the labels' noise.
/// `f` maps values [n] to values [n]. 120 x 120 nodes; exact for polynomials, about 1e-4 relative
/// for piecewise linear f. Throws `ArgumentError` for an overlap out of range.
double excess_risk(const generators::SingleIndexTask& task, double overlap,
                   const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& f);

/// The error that any readout of one attention value keeps with an endless context: E Var(signal |
/// attn) + sigma2 over tasks and queries, noise included. For keys without labels, sqrt(r) Gamma
/// the projector on S times `scale`: then attn = E clip(link_c(g0 z + xi) + noise), xi ~ N(0, 1),
/// g0 = scale/sqrt(r). By quadrature over c, z and xi, and lines within 200 bins of attn.
/// Throws `ArgumentError` for values out of range. O(10^7).
double in_context_floor(const generators::SingleIndexFamily& family, double label_clip,
                        double scale = 1);

}  // namespace sextant::studies::single_index
