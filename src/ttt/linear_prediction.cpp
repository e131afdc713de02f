#include "sextant/ttt/linear_prediction.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/kernel_checks.hpp"

namespace sextant::ttt {

LinearPrediction predict_linearly(const geometry::PromptGeometry& geometry,
                                  const std::vector<std::string>& blocks, double rho,
                                  std::int64_t horizon) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();  // `Adaptation::horizon`
  if (horizon < 0 || horizon > most) {
    throw ArgumentError("predict_linearly", "horizon",
                        fmt::format("is {}, expected 0 to {}", horizon, most));
  }
  const auto indices = geometry::select_blocks(geometry, blocks);
  geometry::check_geometry("predict_linearly", geometry, indices);
  LinearPrediction result;
  result.kernel = geometry::summed_kernel(geometry, indices);
  const spectral::Eigensystem system = spectral::decompose(result.kernel);
  spectral::check_semidefinite("predict_linearly", "geometry.kernels, summed,", system);
  result.lambda_max = system.values(0);
  spectral::check_step("predict_linearly", rho, result.lambda_max);
  const Eigen::VectorXd rotated = system.rotate(geometry.residuals);
  const Eigen::VectorXd query_filter = spectral::gd_query_filter(system.values, rho, horizon);
  result.coefficients = system.vectors * query_filter.cwiseProduct(rotated);
  result.example_changes = result.kernel * result.coefficients;
  result.query_changes.resize(geometry.queries());
  for (Eigen::Index x = 0; x < geometry.queries(); ++x) {
    result.query_changes(x) =
        geometry::summed_coupling(geometry, x, indices).dot(result.coefficients);
  }
  for (std::int64_t t = 0; t <= horizon; ++t) {
    const Eigen::VectorXd shrink = spectral::gd_prompt_filter(system.values, rho, t);
    result.residual_norms.push_back((rotated.array() * (1.0 - shrink.array())).matrix().norm());
  }
  return result;
}

Adaptation expected_adaptation(const geometry::PromptGeometry& geometry,
                               const std::vector<std::string>& blocks, double rho,
                               std::int64_t horizon) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const LinearPrediction linear = predict_linearly(geometry, blocks, rho, horizon);
  Adaptation result;
  result.horizon = static_cast<int>(horizon);
  result.rho = rho;
  result.blocks = blocks;
  result.residual_norms_predicted = linear.residual_norms;
  result.prompt = {geometry.residuals.norm(), unknown, linear.residual_norms.back()};
  result.validity = {unknown, unknown, unknown, unknown};
  for (Eigen::Index x = 0; x < geometry.queries(); ++x) {
    QueryOutcome outcome;
    outcome.query = geometry.query_number(x);
    outcome.base = geometry.query_base.size() > 0 ? geometry.query_base(x) : unknown;
    outcome.linearized = outcome.base + linear.query_changes(x);
    outcome.adapted = unknown;
    if (!geometry.query_targets.empty()) {
      outcome.target = geometry.query_targets[static_cast<std::size_t>(x)];
    }
    if (outcome.target) outcome.squared_error_base = std::pow(outcome.base - *outcome.target, 2);
    result.queries.push_back(outcome);
  }
  return result;
}

}  // namespace sextant::ttt
