#include "sextant/studies/reproduce/study.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/io/files.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/ttt/step_path.hpp"

namespace sextant::studies::reproduce {
namespace {

constexpr std::int64_t pilot_horizon = 8;

std::string settings_of(const Study& study, const StudyOptions& options, std::string_view part,
                        const std::string& more) {
  return fmt::format("sextant reproduce: {}; {}; horizons 0:{}, {}", study.settings, part,
                     options.max_horizon, more);
}

void check_options(const StudyOptions& options) {
  constexpr std::string_view here = "run_study";
  const auto at_least = [&](std::string_view name, auto value, auto least) {
    if (value < least) {
      throw ArgumentError(here, name, fmt::format("is {}, expected at least {}", value, least));
    }
  };
  at_least("tasks", options.tasks, std::size_t{2});
  at_least("pilot_tasks", options.pilot_tasks, std::size_t{2});
  if (options.subspace_tasks != 0) {
    at_least("subspace_tasks", options.subspace_tasks, std::size_t{2});
  }
  at_least("max_horizon", options.max_horizon, pilot_horizon);
  for (const std::int64_t t : options.fixed_horizons) {
    if (t < 1 || t > options.max_horizon) {
      throw ArgumentError(here, "fixed_horizons",
                          fmt::format("holds {}, expected 1 to {}", t, options.max_horizon));
    }
  }
}

Row pilot_row(const Task& task, const StudyOptions& options) {
  const ttt::PromptModel& model = task.model;
  const geometry::PromptGeometry geometry = model.capture({});
  const std::vector<std::string> names = geometry::block_names(geometry);
  Row row = {task.number, static_cast<double>(task.group)};
  for (const double scale : options.step_scales) {
    advice::HorizonOptions select;
    select.step.scale = scale;
    const double rho = advice::choose_horizon(geometry, select).rho;
    const ttt::StepPath path = ttt::step_path(model, names, rho, options.max_horizon);
    for (std::int64_t t = 0; t <= options.max_horizon; ++t) {
      row.push_back(mean_squared_error(model, path.queries.row(t).transpose()));
    }
  }
  return row;
}

Pilot run_pilot(const Study& study, const StudyOptions& options) {
  std::vector<std::string> columns = {"task", "group"};
  for (const double scale : options.step_scales) {
    for (std::int64_t t = 0; t <= options.max_horizon; ++t) {
      columns.push_back(fmt::format("error c {} T {}", scale, t));
    }
  }
  const std::string settings = settings_of(
      study, options, "pilot", fmt::format("scales {}", fmt::join(options.step_scales, " ")));
  const auto rows =
      run_part(options, "pilot", settings, columns, options.pilot_tasks,
               [&](std::size_t i) { return pilot_row(study.pilot_task(i), options); });
  const auto horizons = static_cast<std::size_t>(options.max_horizon) + 1;
  const auto mean = [&](std::size_t scale, std::size_t t) {
    double sum = 0;
    for (const Row& row : rows) sum += row[2 + scale * horizons + t];
    return sum / static_cast<double>(rows.size());
  };
  Pilot pilot;
  for (std::size_t s = 0; s < options.step_scales.size(); ++s) {
    pilot.scale_errors.push_back(mean(s, pilot_horizon));
  }
  const auto best = std::ranges::min_element(pilot.scale_errors) - pilot.scale_errors.begin();
  pilot.step_scale = options.step_scales[static_cast<std::size_t>(best)];
  for (std::size_t t = 0; t < horizons; ++t) {
    pilot.horizon_errors.push_back(mean(static_cast<std::size_t>(best), t));
  }
  pilot.fixed_horizon =
      std::ranges::min_element(pilot.horizon_errors.begin() + 1, pilot.horizon_errors.end()) -
      pilot.horizon_errors.begin();
  return pilot;
}

std::vector<GroupSummary> summarize(const std::vector<HorizonTask>& results,
                                    const std::vector<std::string>& names,
                                    const StudyOptions& options, std::int64_t best_fixed) {
  std::vector<std::int64_t> fixed = options.fixed_horizons;
  if (std::ranges::find(fixed, best_fixed) == fixed.end()) fixed.push_back(best_fixed);
  std::ranges::sort(fixed);
  const std::string reference = fmt::format("T = {}", best_fixed);
  std::vector<GroupSummary> groups;
  const auto add = [&](const std::string& name, const auto& belongs) {
    std::vector<HorizonTask> members;
    std::ranges::copy_if(results, std::back_inserter(members), belongs);
    groups.push_back(
        compare_methods(name, horizon_methods(members, fixed), reference, options.resampling));
  };
  add("all", [](const HorizonTask&) { return true; });
  for (std::size_t g = 0; g < names.size(); ++g) {
    add(names[g], [g](const HorizonTask& task) { return task.group == g; });
  }
  return groups;
}

std::vector<BudgetSummary> summarize(const std::vector<SubspaceTask>& results,
                                     const StudyOptions& options) {
  const auto names = subspace_methods();
  const std::size_t budgets = options.subspaces.budgets.size();
  const auto column = [&](std::vector<double> SubspaceTask::*values, std::size_t index) {
    std::vector<double> errors;
    for (const SubspaceTask& task : results) errors.push_back((task.*values)[index]);
    return errors;
  };
  const auto base = [&](double SubspaceTask::*value) {
    std::vector<double> errors;
    for (const SubspaceTask& task : results) errors.push_back(task.*value);
    return errors;
  };
  const std::size_t random = names.size() - 1;
  std::vector<BudgetSummary> summaries;
  std::vector<double> p_values;
  for (std::size_t m = 0; m < names.size(); ++m) {
    for (std::size_t k = 0; k < budgets; ++k) {
      const bool is_random = m == random;
      const auto query = column(&SubspaceTask::query_errors, m * budgets + k);
      const auto prompt = column(&SubspaceTask::prompt_errors, m * budgets + k);
      const auto query_reference = is_random
                                       ? base(&SubspaceTask::query_error_base)
                                       : column(&SubspaceTask::query_errors, random * budgets + k);
      const auto prompt_reference =
          is_random ? base(&SubspaceTask::prompt_error_base)
                    : column(&SubspaceTask::prompt_errors, random * budgets + k);
      summaries.push_back({names[m], options.subspaces.budgets[k], statistics::estimate(query),
                           statistics::estimate(prompt),
                           statistics::compare_paired(query, query_reference, options.resampling),
                           statistics::compare_paired(prompt, prompt_reference, options.resampling),
                           1});
      p_values.push_back(summaries.back().query_gain.p_value);
    }
  }
  const auto adjusted = statistics::holm(p_values);
  for (std::size_t i = 0; i < adjusted.size(); ++i) summaries[i].adjusted_p = adjusted[i];
  return summaries;
}

}  // namespace

std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t start) {
  std::uint64_t hash = start;
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211U;
  }
  return hash;
}

std::uint64_t weights_fingerprint(const std::filesystem::path& model) {
  const model::ModelDirectory directory = model::open_directory(model);
  std::vector<std::string> paths{(model / "config.json").string()};
  for (const auto& file : directory.tensors.files()) paths.push_back(file->path());
  std::sort(paths.begin() + 1, paths.end());
  std::uint64_t hash = fingerprint({});
  for (const std::string& path : paths) hash = fingerprint(io::MappedFile(path).bytes(), hash);
  return hash;
}

StudyResult run_study(const Study& study, const StudyOptions& options) {
  check_options(options);
  const IsCase has_group = [&](std::size_t, const Row& row) {
    return row[1] >= 0 && row[1] < static_cast<double>(study.groups.size()) &&
           row[1] == std::floor(row[1]);
  };

  StudyResult result;
  result.groups = study.groups;
  result.pilot = run_pilot(study, options);
  const double scale = result.pilot.step_scale;
  const auto horizon_rows = run_part(
      options, "horizons", settings_of(study, options, "horizons", fmt::format("scale {}", scale)),
      HorizonTask::columns(options.max_horizon), options.tasks,
      [&](std::size_t i) {
        return run_horizon_task(study.task(i), scale, options.max_horizon).row();
      },
      has_group);
  for (const Row& row : horizon_rows) result.horizon_tasks.push_back(HorizonTask::from_row(row));
  result.horizons =
      summarize(result.horizon_tasks, study.groups, options, result.pilot.fixed_horizon);
  if (options.subspace_tasks == 0) return result;

  SubspaceOptions subspaces = options.subspaces;
  subspaces.step_scale = scale;
  const auto subspace_rows = run_part(
      options, "subspaces",
      settings_of(study, options, "subspaces",
                  fmt::format("scale {}, T {}, layers {}, draws {}", scale, subspaces.horizon,
                              subspaces.last_layers, subspaces.random_draws)),
      SubspaceTask::columns(subspaces), options.subspace_tasks,
      [&](std::size_t i) { return run_subspace_task(study.task(i), subspaces).row(); }, has_group);
  for (const Row& row : subspace_rows) result.subspace_tasks.push_back(SubspaceTask::from_row(row));
  result.subspaces = summarize(result.subspace_tasks, options);
  return result;
}

}  // namespace sextant::studies::reproduce
