#pragma once

/// Experiment 1 of [W, App. I]: how far. One task, all horizons, every way to choose among them.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sextant/studies/reproduce/run_log.hpp"
#include "sextant/studies/reproduce/task.hpp"

namespace sextant::studies::reproduce {

/// What one task gave. Errors are squared errors of the model's own predictions after real updates
/// of all value heads unless said otherwise, averaged over the task's queries, in label units.
struct HorizonTask {
  double number = 0;
  std::size_t group = 0;
  double lambda_max = 0;
  double rho = 0;
  std::int64_t t_plug_in = 0;  ///< T_MAP with the plug-in variance.
  std::int64_t t_profile = 0;  ///< T_MAP with the profiled variance.
  std::int64_t t_match = 0;    ///< Spectral match t_mu / rho, at most the largest candidate.
  double mean_t = 0;           ///< Of the Gibbs posterior (plug-in).
  double gibbs = 0;            ///< Error of the predictions averaged over that posterior.
  double lambda_average = 0;   ///< One-shot update by the filter averaged over lambda_star.
  double predicted = 0;        ///< First query's correction at t_plug_in, as the kernel expects it.
  double corrected = 0;        ///< The same correction, as real steps give it.
  bool advised = false;        ///< `advise` says to adapt.
  std::int64_t t_advised = 0;  ///< Its steps, 0 when it says not to.
  std::size_t blocks_advised = 0;
  bool kept = false;         ///< Its update brought the model closer to its labelled examples.
  double advice = 0;         ///< Error after that update, or of the base where none is kept.
  std::vector<double> path;  ///< Errors after T = 0, 1, ... steps.

  Row row() const;
  static HorizonTask from_row(std::span<const double> row);
  static std::vector<std::string> columns(std::int64_t max_horizon);
};

/// Squared error of `predictions` [m], averaged over the task's queries.
double mean_squared_error(const ttt::PromptModel& model, const Eigen::VectorXd& predictions);

/// Runs one task with rho = `step_scale` / lambda_max and candidates 0, ..., `max_horizon`. The
/// numbers are those of `select`, `adapt` and `advise` on the task's prompt file.
HorizonTask run_horizon_task(const Task& task, double step_scale, std::int64_t max_horizon);

/// The squared errors of one way to predict.
struct MethodErrors {
  std::string method;
  std::vector<double> errors;  ///< One per task.
  double mean_horizon = 0;     ///< Mean T where one was chosen, else NaN.
};

/// No update, the fixed horizons `fixed`, every selector, the advice, and in hindsight the best T
/// of each task ("oracle"), which bounds what any choice of T can reach.
std::vector<MethodErrors> horizon_methods(const std::vector<HorizonTask>& results,
                                          std::span<const std::int64_t> fixed);

}  // namespace sextant::studies::reproduce
