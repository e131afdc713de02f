#include "sextant/studies/reproduce/horizon_experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/ttt/step_path.hpp"

namespace sextant::studies::reproduce {
namespace {

/// The error after a one-shot update by the filter averaged over lambda_star.
double lambda_average_error(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
                            const advice::HorizonChoice& selection) {
  const auto& system = selection.system;
  const Eigen::VectorXd rotated = system.rotate(geometry.residuals);
  const auto average = evidence::average_over_lambda_star(system.values, rotated);
  const Eigen::VectorXd coefficients = system.vectors * average.query_filter.cwiseProduct(rotated);
  return mean_squared_error(
      model, ttt::one_shot_predictions(model, geometry::block_names(geometry), coefficients)
                 .tail(model.queries()));
}

void run_advice(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
                double step_scale, HorizonTask& result) {
  advice::PlanOptions options;
  options.ranking.horizon_options.step.scale = step_scale;
  const advice::Plan plan = advice::plan(geometry, options);
  result.advised = plan.adapt;
  result.advice = result.path.front();
  if (!plan.adapt) return;
  result.t_advised = plan.horizon;
  result.blocks_advised = plan.blocks.size();
  const ttt::StepPath path =
      ttt::step_path(model, plan.block_names, plan.rho, plan.horizon, ttt::RecordQueries::last);
  result.kept = path.residual_norms.back() < path.residual_norms.front();
  if (result.kept) {
    result.advice = mean_squared_error(model, path.queries.row(0).transpose());
  }
}

std::size_t index(std::int64_t horizon) { return static_cast<std::size_t>(horizon); }

}  // namespace

std::vector<std::string> HorizonTask::columns(std::int64_t max_horizon) {
  std::vector<std::string> names = {"task",      "group",          "lambda_max",     "rho",
                                    "t_plug_in", "t_profile",      "t_match",        "mean_t",
                                    "gibbs",     "lambda_average", "predicted",      "corrected",
                                    "advised",   "t_advised",      "blocks_advised", "kept",
                                    "advice"};
  for (std::int64_t t = 0; t <= max_horizon; ++t) names.push_back(fmt::format("error_{}", t));
  return names;
}

Row HorizonTask::row() const {
  Row values = {number,
                static_cast<double>(group),
                lambda_max,
                rho,
                static_cast<double>(t_plug_in),
                static_cast<double>(t_profile),
                static_cast<double>(t_match),
                mean_t,
                gibbs,
                lambda_average,
                predicted,
                corrected,
                advised ? 1.0 : 0.0,
                static_cast<double>(t_advised),
                static_cast<double>(blocks_advised),
                kept ? 1.0 : 0.0,
                advice};
  values.insert(values.end(), path.begin(), path.end());
  return values;
}

HorizonTask HorizonTask::from_row(std::span<const double> row) {
  constexpr std::size_t fixed = 17;
  if (row.size() <= fixed) throw ArgumentError("HorizonTask::from_row", "row", "is too short");
  HorizonTask task;
  task.number = row[0];
  task.group = static_cast<std::size_t>(row[1]);
  task.lambda_max = row[2];
  task.rho = row[3];
  task.t_plug_in = static_cast<std::int64_t>(row[4]);
  task.t_profile = static_cast<std::int64_t>(row[5]);
  task.t_match = static_cast<std::int64_t>(row[6]);
  task.mean_t = row[7];
  task.gibbs = row[8];
  task.lambda_average = row[9];
  task.predicted = row[10];
  task.corrected = row[11];
  task.advised = row[12] != 0;
  task.t_advised = static_cast<std::int64_t>(row[13]);
  task.blocks_advised = static_cast<std::size_t>(row[14]);
  task.kept = row[15] != 0;
  task.advice = row[16];
  task.path.assign(row.begin() + fixed, row.end());
  return task;
}

double mean_squared_error(const ttt::PromptModel& model, const Eigen::VectorXd& predictions) {
  const auto& targets = model.prompt().query_targets;
  check_size("mean_squared_error", "predictions", static_cast<std::size_t>(predictions.size()),
             targets.size());
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    sum += std::pow(predictions(static_cast<Eigen::Index>(i)) - targets[i].value(), 2);
  }
  return sum / static_cast<double>(targets.size());
}

HorizonTask run_horizon_task(const Task& task, double step_scale, std::int64_t max_horizon) {
  const ttt::PromptModel& model = task.model;
  const geometry::PromptGeometry geometry = model.capture({});
  advice::HorizonOptions options;
  options.step.scale = step_scale;
  options.horizons.resize(index(max_horizon) + 1);
  std::iota(options.horizons.begin(), options.horizons.end(), std::int64_t{0});
  const advice::HorizonChoice plug_in = advice::choose_horizon(geometry, options);
  options.sigma2.rule = evidence::Sigma2Rule::profile;
  const advice::HorizonChoice profile = advice::choose_horizon(geometry, options);

  HorizonTask result;
  result.number = task.number;
  result.group = task.group;
  result.lambda_max = plug_in.lambda_max;
  result.rho = plug_in.rho;
  result.t_plug_in = plug_in.t_map;
  result.t_profile = profile.t_map;
  result.t_match =
      std::min(plug_in.spectral_match.horizon_prompt.value_or(max_horizon), max_horizon);
  result.mean_t = plug_in.posterior.mean;
  const ttt::StepPath path =
      ttt::step_path(model, geometry::block_names(geometry), result.rho, max_horizon);
  for (std::int64_t t = 0; t <= max_horizon; ++t) {
    result.path.push_back(mean_squared_error(model, path.queries.row(t).transpose()));
  }
  result.gibbs = mean_squared_error(model, path.queries.transpose() * plug_in.posterior.weights);
  result.lambda_average = lambda_average_error(model, geometry, plug_in);
  result.predicted = plug_in.queries.front().correction_map;
  result.corrected = path.queries(result.t_plug_in, 0) - path.queries(0, 0);
  run_advice(model, geometry, step_scale, result);
  return result;
}

std::vector<MethodErrors> horizon_methods(const std::vector<HorizonTask>& results,
                                          std::span<const std::int64_t> fixed) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<MethodErrors> methods;
  const auto add = [&](const std::string& name, const auto& error, const auto& horizon) {
    MethodErrors method{name, {}, 0};
    for (const HorizonTask& task : results) {
      method.errors.push_back(error(task));
      method.mean_horizon += horizon(task);
    }
    method.mean_horizon /= static_cast<double>(results.size());
    methods.push_back(std::move(method));
  };
  const auto add_choice = [&](const std::string& name, const auto& horizon) {
    add(
        name, [&](const HorizonTask& task) { return task.path[index(horizon(task))]; },
        [&](const HorizonTask& task) { return static_cast<double>(horizon(task)); });
  };
  add_choice("no update", [](const HorizonTask&) { return std::int64_t{0}; });
  for (const std::int64_t t : fixed) {
    add_choice(fmt::format("T = {}", t), [t](const HorizonTask&) { return t; });
  }
  add_choice("evidence, plug-in", [](const HorizonTask& task) { return task.t_plug_in; });
  add_choice("evidence, profile", [](const HorizonTask& task) { return task.t_profile; });
  add(
      "Gibbs average", [](const HorizonTask& task) { return task.gibbs; },
      [](const HorizonTask& task) { return task.mean_t; });
  add(
      "average over lambda_star", [](const HorizonTask& task) { return task.lambda_average; },
      [](const HorizonTask&) { return none; });
  add_choice("spectral match", [](const HorizonTask& task) { return task.t_match; });
  add(
      "advice", [](const HorizonTask& task) { return task.advice; },
      [](const HorizonTask& task) { return static_cast<double>(task.t_advised); });
  add_choice("oracle", [](const HorizonTask& task) {
    return static_cast<std::int64_t>(std::ranges::min_element(task.path) - task.path.begin());
  });
  return methods;
}

}  // namespace sextant::studies::reproduce
