#pragma once

/// Experiment 2 of [W, App. I]: which heads. One task, every rule, every budget, T fixed.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sextant/studies/reproduce/run_log.hpp"
#include "sextant/studies/reproduce/task.hpp"

namespace sextant::studies::reproduce {

struct SubspaceOptions {
  std::vector<int> budgets = {1, 2, 4, 8, 16, 32};  ///< Ascending; larger than B counts as B.
  std::int64_t horizon = 8;
  double step_scale = 0.1;
  int last_layers = 4;  ///< Value heads of that many last layers; larger than L counts as L.
  int random_draws = 5;
};

/// The rules, as columns: risk, query-aware, greedy-correction, trace, trace-bottom, and random
/// averaged over its draws.
std::vector<std::string> subspace_methods();

/// What one task gave: squared error, averaged over the queries, and mean squared residual of the
/// examples, before and after the update, for every rule and budget.
struct SubspaceTask {
  double number = 0;
  std::size_t group = 0;
  double query_error_base = 0;
  double prompt_error_base = 0;
  std::vector<double> query_errors;   ///< [method][budget]
  std::vector<double> prompt_errors;  ///< [method][budget]

  Row row() const;
  static SubspaceTask from_row(std::span<const double> row);
  static std::vector<std::string> columns(const SubspaceOptions& options);
};

/// Runs one task: the update of every distinct set of heads is made once.
SubspaceTask run_subspace_task(const Task& task, const SubspaceOptions& options);

}  // namespace sextant::studies::reproduce
