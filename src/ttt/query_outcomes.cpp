#include "query_outcomes.hpp"

#include <algorithm>
#include <cmath>

#include "jacobian_change.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/eigensystem.hpp"

namespace sextant::ttt {

std::vector<QueryOutcome> query_outcomes(const PromptModel& model,
                                         const geometry::PromptGeometry& geometry,
                                         const Eigen::VectorXd& linearized,
                                         const Eigen::VectorXd& adapted) {
  std::vector<QueryOutcome> outcomes;
  for (Eigen::Index x = 0; x < model.queries(); ++x) {
    QueryOutcome outcome;
    outcome.query = geometry.query_number(x);
    outcome.base = geometry.query_base(x);
    outcome.linearized = linearized(model.examples() + x);
    outcome.adapted = adapted(model.examples() + x);
    outcome.target = model.prompt().query_targets[static_cast<std::size_t>(x)];
    if (outcome.target) {
      outcome.squared_error_base = std::pow(outcome.base - *outcome.target, 2);
      outcome.squared_error_adapted = std::pow(outcome.adapted - *outcome.target, 2);
    }
    outcomes.push_back(outcome);
  }
  return outcomes;
}

Validity measure_validity(const PromptModel& model, const geometry::PromptGeometry& geometry,
                          const MovedBlocks& moved_blocks, const MutableWeights& adapted,
                          std::optional<double> time, const std::vector<double>& norms) {
  const auto& blocks = moved_blocks.blocks;
  const JacobianChange change = jacobian_change(model, adapted.weights(), blocks);
  std::vector<std::string> names;
  for (const model::ModelBlock& block : blocks) names.push_back(block.block.name);
  double variance = 0;
  const auto indices = geometry::select_blocks(geometry, names);
  for (Eigen::Index x = 0; x < model.queries(); ++x) {
    variance = std::max(variance, geometry::summed_variance(geometry, x, indices));
  }
  const double norm =
      std::max({std::sqrt(moved_blocks.lambda_max), std::sqrt(variance), change.norm_after});
  const double moved = adapted.distance(model.weights(), blocks);
  const double lipschitz = moved > 0 ? change.norm_of_change / moved : 0;
  const double residual = *std::max_element(norms.begin(), norms.end());
  Validity validity;
  const spectral::Eigensystem drift =
      spectral::decompose((change.kernel_after - moved_blocks.kernel) *
                          (change.kernel_after - moved_blocks.kernel));  // |D|^2, D symmetric
  validity.kernel_drift = std::sqrt(drift.values(0));
  validity.bound = time ? 1.5 * lipschitz * std::pow(norm * *time * residual, 2)
                        : 0.5 * lipschitz * moved * moved;
  return validity;
}

}  // namespace sextant::ttt
