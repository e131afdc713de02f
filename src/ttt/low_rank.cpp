#include "sextant/ttt/low_rank.hpp"

#include <fmt/format.h>

#include <limits>

#include "query_outcomes.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/block_matrices.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/kernel_checks.hpp"
#include "sextant/subspace/optimal.hpp"
#include "sextant/ttt/model_kernel.hpp"

namespace sextant::ttt {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// j_x' Sigma j_y of the queries [m, m].
MatrixXd gram(const ModelJacobian& queries) {
  MatrixXd result(queries.size(), queries.size());
  for (Index x = 0; x < queries.size(); ++x) {
    result.col(x) = queries.push_forward(queries.pull_back(VectorXd::Unit(queries.size(), x)));
  }
  return (result + result.transpose()) / 2;
}

}  // namespace

AdaptedModel adapt_low_rank(const PromptModel& model, const geometry::PromptGeometry& geometry,
                            const LowRankOptions& options) {
  constexpr std::string_view here = "adapt_low_rank";
  const Index m = model.queries();
  if (m == 0) {
    throw ArgumentError(
        here, "rank",
        fmt::format("is {}, but the prompt has no query to choose directions for", options.rank));
  }
  if (options.rank < 0 || options.rank > m) {
    throw ArgumentError(
        here, "rank",
        fmt::format("is {}, expected 0 to {}, the number of queries", options.rank, m));
  }
  check_captured_from(here, model, options.blocks, geometry);
  const auto indices = geometry::select_blocks(geometry, options.blocks);
  geometry::check_geometry(here, geometry, indices);
  const geometry::PromptGeometry chosen = geometry::restricted_to_blocks(geometry, indices);
  const MatrixXd kernel = geometry::summed_kernel(chosen);
  const spectral::Eigensystem system = spectral::decompose(kernel);
  spectral::check_semidefinite(here, "geometry.kernels, summed,", system);
  const subspace::OptimalSubspace optimal = subspace::optimal_subspace(
      geometry::block_matrices(chosen), system, chosen.residuals, options.benchmark);
  const VectorXd corrections = optimal.corrections(options.rank);
  const ModelJacobian queries(model, model.prompt().query_tokens, options.blocks);
  check_predictions_agree(here, "query_base", model, geometry.query_base, queries.predictions());
  const VectorXd coefficients = subspace::query_coefficients(gram(queries), corrections);

  VectorXd linearized(model.examples() + m);
  linearized << geometry.prompt_base, geometry.query_base;
  const VectorXd base = linearized;
  linearized.tail(m) += corrections;
  for (Index x = 0; x < m; ++x) {
    linearized.head(model.examples()) += coefficients[x] * geometry::summed_coupling(chosen, x);
  }
  const auto directions = queries.pull_back(coefficients);
  MutableWeights adapted(model.weights(), directions);
  adapted.add(1.0, directions);
  const VectorXd predictions = model.predictions(adapted.weights());
  const VectorXd targets = model.targets();
  const auto norm = [&](const VectorXd& predicted) {
    return (targets - predicted.head(targets.size())).norm();
  };

  AdaptedModel run{{}, adapted.weights(), {}};
  if (options.rank > 0) run.changed = adapted.changed();
  Adaptation& result = run.result;
  result.horizon = options.rank > 0 ? 1 : 0;
  result.rho = std::numeric_limits<double>::quiet_NaN();
  result.solver = Solver::low_rank;
  result.rank = static_cast<int>(options.rank);
  result.blocks = options.blocks;
  result.residual_norms = {geometry.residuals.norm(), norm(predictions)};
  result.residual_norms_predicted = {geometry.residuals.norm(), norm(linearized)};
  result.prompt = {result.residual_norms[0], result.residual_norms[1],
                   result.residual_norms_predicted[1]};
  result.queries = query_outcomes(model, geometry, linearized, predictions);
  result.validity = measure_validity(
      model, geometry, {find_blocks(here, model, options.blocks), kernel, system.largest()},
      adapted, std::nullopt, result.residual_norms);
  result.validity.deviation = (predictions - linearized).cwiseAbs().maxCoeff();
  result.validity.largest_move = (predictions - base).cwiseAbs().maxCoeff();
  return run;
}

}  // namespace sextant::ttt
