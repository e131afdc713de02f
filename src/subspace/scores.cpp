#include "sextant/subspace/scores.hpp"

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// tau2 / (tau2 l + sigma2) per eigenvalue, that is the query form of the Bayes filter.
VectorXd inverse_weights(const spectral::Eigensystem& full, const spectral::Benchmark& model) {
  if (model.tau2 == 0) return VectorXd::Zero(full.size());
  return spectral::bayes_query_filter(full.values, model.sigma2 / model.tau2);
}

void check_arguments(std::string_view function, const geometry::BlockMatrices& blocks,
                     const spectral::Eigensystem& full, const spectral::Benchmark& model) {
  geometry::check_blocks(function, blocks);
  check_size(function, "full", full.size(), blocks.examples());
  spectral::check_benchmark(function, model);
}

/// tau2 k' M^-1 k averaged over the columns k of `couplings`.
double mean_quadratic_form(const MatrixXd& couplings, const spectral::Eigensystem& full,
                           const VectorXd& weights) {
  const MatrixXd rotated = full.vectors.transpose() * couplings;
  return weights.dot(rotated.rowwise().squaredNorm()) / static_cast<double>(couplings.cols());
}

}  // namespace

VectorXd query_aware_scores(const geometry::BlockMatrices& blocks,
                            const spectral::Eigensystem& full, const spectral::Benchmark& model) {
  check_arguments("query_aware_scores", blocks, full, model);
  const VectorXd weights = inverse_weights(full, model);
  VectorXd scores(blocks.count());
  parallel_for(blocks.count(), [&](Index b) {
    MatrixXd couplings = MatrixXd::Zero(blocks.examples(), blocks.queries());
    geometry::add_couplings(blocks, b, couplings);
    scores[b] = model.tau2 * mean_quadratic_form(couplings, full, weights);
  });
  return scores;
}

VectorXd trace_scores(const geometry::BlockMatrices& blocks, const spectral::Eigensystem& full,
                      const spectral::Benchmark& model) {
  check_arguments("trace_scores", blocks, full, model);
  const MatrixXd inverse =
      full.vectors * inverse_weights(full, model).asDiagonal() * full.vectors.transpose();
  VectorXd scores(blocks.count());
  parallel_for(blocks.count(),
               [&](Index b) { scores[b] = blocks.kernels[b].cwiseProduct(inverse).sum(); });
  return scores;
}

double bayes_error(const geometry::BlockMatrices& blocks, const spectral::Eigensystem& full,
                   const spectral::Benchmark& model) {
  check_arguments("bayes_error", blocks, full, model);
  MatrixXd couplings = MatrixXd::Zero(blocks.examples(), blocks.queries());
  double variance = 0;
  for (Index b = 0; b < blocks.count(); ++b) {
    geometry::add_couplings(blocks, b, couplings);
    variance += geometry::mean_variance(blocks, b);
  }
  const double explained = mean_quadratic_form(couplings, full, inverse_weights(full, model));
  return std::max(0.0, model.tau2 * (variance - explained));
}

}  // namespace sextant::subspace
