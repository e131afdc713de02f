#include "sextant/evidence/products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/log1p.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/dense_product.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"

namespace sextant::evidence {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Features = std::span<const MatrixXd* const>;

Index check_features(std::string_view function, Features features, Index examples) {
  if (features.empty()) throw ArgumentError(function, "features", "is empty");
  Index parameters = 0;
  for (const MatrixXd* block : features) {
    check_size(function, "features", static_cast<std::size_t>(block->rows()),
               static_cast<std::size_t>(examples));
    if (!block->allFinite()) throw ArgumentError(function, "features", "are not finite");
    parameters += block->cols();
  }
  if (parameters == 0) throw ArgumentError(function, "features", "have no column");
  return parameters;
}

/// Phi' Phi [p, p], lower triangle of tiles in parallel, and mirrored.
MatrixXd gram(Features features, Index parameters) {
  constexpr Index tile = 256;
  struct Piece {
    const MatrixXd* block;
    Index column;
    Index first;
    Index count;
  };
  std::vector<Piece> pieces;
  Index offset = 0;
  for (const MatrixXd* block : features) {
    for (Index column = 0; column < block->cols(); column += tile) {
      const Index count = std::min(tile, block->cols() - column);
      pieces.push_back({block, column, offset, count});
      offset += count;
    }
  }
  MatrixXd result(parameters, parameters);
  const auto count = static_cast<std::ptrdiff_t>(pieces.size());
  parallel_for(count * count, [&](std::ptrdiff_t task) {
    const Piece& row = pieces[static_cast<std::size_t>(task / count)];
    const Piece& column = pieces[static_cast<std::size_t>(task % count)];
    if (row.first < column.first) return;
    auto part = result.block(row.first, column.first, row.count, column.count);
    spectral::transposed_product(row.block->middleCols(row.column, row.count),
                                 column.block->middleCols(column.column, column.count), part);
    if (row.first > column.first) {
      result.block(column.first, row.first, column.count, row.count) = part.transpose();
    }
  });
  return result;
}

VectorXd projected(Features features, const VectorXd& residuals, Index parameters) {
  VectorXd result(parameters);
  Index offset = 0;
  for (const MatrixXd* block : features) {
    result.segment(offset, block->cols()).noalias() = block->transpose() * residuals;
    offset += block->cols();
  }
  return result;
}

}  // namespace

std::string_view name_of(SpectrumMethod method) {
  return method == SpectrumMethod::features ? "features" : "lanczos";
}

double LargeSpectrum::evidence_error(std::int64_t horizon) const {
  return static_cast<double>(horizon) * log_determinant_error /
         (2 * static_cast<double>(spectrum.examples));
}

LargeSpectrum spectrum_from_features(Features features, const Eigen::Ref<const VectorXd>& residuals,
                                     double scale) {
  constexpr std::string_view here = "spectrum_from_features";
  const Index n = residuals.size();
  const Index parameters = check_features(here, features, n);
  if (!residuals.allFinite()) throw ArgumentError(here, "residuals", "are not finite");
  const spectral::Eigensystem system = spectral::decompose(gram(features, parameters));
  const VectorXd coordinates = system.rotate(projected(features, residuals, parameters));
  return spectrum_from_gram(system, coordinates, residuals.squaredNorm(), n, scale);
}

LargeSpectrum spectrum_from_gram(const spectral::Eigensystem& system,
                                 const Eigen::Ref<const VectorXd>& coordinates, double squared_norm,
                                 Index examples, double scale) {
  constexpr std::string_view here = "spectrum_from_gram";
  const Index n = examples;
  const Index parameters = system.size();
  if (n < 1) throw ArgumentError(here, "examples", "is below 1");
  if (parameters == 0) throw ArgumentError(here, "gram", "is empty");
  check_size(here, "coordinates", static_cast<std::size_t>(coordinates.size()),
             static_cast<std::size_t>(parameters));
  if (!coordinates.allFinite()) throw ArgumentError(here, "coordinates", "are not finite");
  check_not_negative(here, "squared_norm", squared_norm);
  LargeSpectrum result;
  result.method = SpectrumMethod::features;
  result.lambda_max = system.largest();
  result.rho = spectral::step_from_scale(result.lambda_max, scale);
  result.exact_horizon = std::numeric_limits<std::int64_t>::max();
  // Phi = U s V': the residuals' energy along u_i is (v_i' Phi' r)^2 / s_i^2; what is left of |r|^2
  // lies in the null space of K. Modes that cannot be told from it belong there, too.
  const double threshold = static_cast<double>(std::max(n, parameters)) *
                           std::numeric_limits<double>::epsilon() * result.lambda_max;
  Index rank = 0;
  while (rank < std::min(n, parameters) && system.values[rank] > threshold) ++rank;
  result.spectrum.examples = n;
  result.spectrum.nodes = VectorXd::Zero(rank + 1);
  result.spectrum.nodes.head(rank) = system.values.head(rank);
  result.spectrum.energies = VectorXd::Zero(rank + 1);
  result.spectrum.energies.head(rank) =
      coordinates.head(rank).array().square() / system.values.head(rank).array();
  result.spectrum.energies[rank] =
      std::max(0.0, squared_norm - result.spectrum.energies.head(rank).sum());
  result.spectrum.log_determinant = (-result.rho * result.spectrum.nodes.array()).log1p().sum();
  result.spectrum.density_nodes = result.spectrum.nodes;
  result.spectrum.counts = VectorXd::Ones(rank + 1);
  result.spectrum.counts[rank] = static_cast<double>(n - rank);
  result.pessimistic = result.optimistic = result.spectrum;
  return result;
}

LargeSpectrum spectrum_from_products(const spectral::KernelOperator& kernel,
                                     const Eigen::Ref<const VectorXd>& residuals,
                                     const LanczosOptions& options) {
  return spectrum_from_products(kernel, spectral::KrylovSpace(kernel, residuals, options.steps),
                                options);
}

LargeSpectrum spectrum_from_products(const spectral::KernelOperator& kernel,
                                     const spectral::KrylovSpace& from_residuals,
                                     const LanczosOptions& options) {
  const spectral::LargestEigenvalue largest =
      spectral::largest_eigenvalue(kernel, options.largest_products);
  LargeSpectrum result;
  result.method = SpectrumMethod::lanczos;
  const spectral::LanczosQuadrature quadrature = from_residuals.quadrature();
  result.exact_horizon =
      quadrature.exhausted ? std::numeric_limits<std::int64_t>::max() : 2 * quadrature.steps - 1;
  result.spectrum.examples = kernel.size();
  result.spectrum.nodes = quadrature.nodes;
  result.spectrum.energies = quadrature.weights;
  if (quadrature.nodes.size() == 0) {  // r = 0
    result.spectrum.nodes = VectorXd::Zero(1);
    result.spectrum.energies = VectorXd::Zero(1);
  }
  const spectral::SpectralDensity density(kernel, options.trace);
  // Every Ritz value is a lower bound of lambda_max, and with few steps another run's may be
  // better.
  result.lambda_max =
      std::max({largest.value, result.spectrum.nodes.maxCoeff(), density.nodes().maxCoeff(), 0.0});
  result.lambda_max_residual = largest.residual;
  result.rho = options.rho.value_or(spectral::step_from_scale(result.lambda_max, options.scale));
  if (!(result.rho * result.lambda_max < 1) || !(result.rho >= 0)) {
    throw ArgumentError("spectrum_from_products", "rho",
                        fmt::format("is {}, expected at least 0 and below 1 / lambda_max = {}",
                                    result.rho, 1 / result.lambda_max));
  }
  const double rho = result.rho;
  result.spectrum.density_nodes = density.nodes();
  result.spectrum.counts = density.counts();
  result.probe_ends = density.ends();
  // Where the trace is known, only log(1 - rho l) + rho l, of the size of (rho l)^2/2, is sampled.
  const std::optional<double> trace = kernel.trace();
  const spectral::StochasticEstimate sampled = density.trace([&](double l) {
    return trace ? boost::math::log1pmx(-rho * l) : boost::math::log1p(-rho * l);
  });
  result.spectrum.log_determinant = std::min(sampled.value - rho * trace.value_or(0), 0.0);
  result.log_determinant_error = sampled.standard_error;
  // Of 1/(l + c) Gauss' rule is a lower bound and Gauss-Radau's an upper one, of log(l + c) the
  // other way round.
  result.optimistic = result.spectrum;
  result.optimistic.density_nodes = density.radau_nodes();
  result.optimistic.counts = density.radau_counts();
  result.pessimistic = result.spectrum;
  if (quadrature.nodes.size() > 0) {
    result.pessimistic.nodes = quadrature.radau_nodes.cwiseMax(0.0);
    result.pessimistic.energies = quadrature.radau_weights.cwiseMax(0.0);
  }
  return result;
}

}  // namespace sextant::evidence
