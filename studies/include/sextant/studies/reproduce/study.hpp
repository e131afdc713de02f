#pragma once

/// Both experiments of [W, Apps. I and J] with their pilot, on any source of tasks (theory Sec.
/// 10).

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sextant/studies/reproduce/comparison.hpp"
#include "sextant/studies/reproduce/run_log.hpp"
#include "sextant/studies/reproduce/subspace_experiment.hpp"

namespace sextant::studies::reproduce {

/// Where tasks come from.
struct Study {
  std::string settings;                   ///< Everything that the tasks depend on, in one line.
  std::vector<std::string> groups;        ///< What tasks are told apart by; none or at least two.
  std::function<Task(std::size_t)> task;  ///< From any thread.
  std::function<Task(std::size_t)> pilot_task;  ///< Other tasks.
};

/// FNV-1a of `bytes`; one that starts with another's value goes on from there.
std::uint64_t fingerprint(std::span<const std::byte> bytes,
                          std::uint64_t start = 14695981039346656037U);

/// The fingerprint of config.json and of all files that the weights lie in, so that results of
/// another model are not taken for this one's. Throws as `model::open_directory`. Cost: one pass
/// over the files.
std::uint64_t weights_fingerprint(const std::filesystem::path& model);

struct StudyOptions : RunOptions {
  std::size_t tasks = 2000;          ///< Experiment 1, at least 2.
  std::size_t subspace_tasks = 500;  ///< Experiment 2, at least 2; 0 leaves it out.
  std::size_t pilot_tasks = 100;     ///< Other tasks, for the step scale and the best fixed T.
  std::int64_t max_horizon = 30;
  std::vector<double> step_scales = {0.05, 0.1, 0.2};
  std::vector<std::int64_t> fixed_horizons = {1, 2, 4, 8, 16, 30};
  SubspaceOptions subspaces;  ///< Its step scale is the pilot's.
  statistics::ResamplingOptions resampling;
};

/// What the pilot chose, on tasks that no result is reported on.
struct Pilot {
  double step_scale = 0;               ///< Smallest mean squared error at T = 8.
  std::vector<double> scale_errors;    ///< That error for every scale.
  std::int64_t fixed_horizon = 0;      ///< Best fixed T >= 1 at that scale.
  std::vector<double> horizon_errors;  ///< Mean error after T = 0, 1, ... at that scale.
};

/// How a rule's heads do at a budget, over tasks.
struct BudgetSummary {
  std::string method;
  int budget = 0;
  statistics::Estimate query_error;
  statistics::Estimate prompt_error;
  statistics::Comparison query_gain;   ///< Over random heads; for random itself over no update.
  statistics::Comparison prompt_gain;  ///< The same for the mean squared residual.
  double adjusted_p = 1;               ///< Holm's for `query_gain`, over all rules and budgets.
};

struct StudyResult {
  Pilot pilot;
  std::vector<HorizonTask> horizon_tasks;
  std::vector<std::string> groups;
  std::vector<GroupSummary> horizons;  ///< All tasks, then each group.
  std::vector<SubspaceTask> subspace_tasks;
  std::vector<BudgetSummary> subspaces;
};

/// Runs what is missing and writes, below `out`, pilot.csv, horizons.csv and subspaces.csv as it
/// goes. The same options give the same numbers, whatever the threads and however often the run was
/// stopped and resumed. Throws `InputError` for a directory with results of other settings,
/// `ArgumentError` for options out of range.
StudyResult run_study(const Study& study, const StudyOptions& options);

}  // namespace sextant::studies::reproduce
