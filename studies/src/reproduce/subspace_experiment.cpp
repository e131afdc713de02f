#include "sextant/studies/reproduce/subspace_experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sextant/advice/rank_blocks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "sextant/studies/reproduce/horizon_experiment.hpp"
#include "sextant/ttt/step_path.hpp"

namespace sextant::studies::reproduce {
namespace {

using subspace::Method;

constexpr Method compared_methods[] = {
    Method::risk,  Method::query_aware,  Method::greedy_correction,
    Method::trace, Method::trace_bottom, Method::random};

struct SubspaceErrors {
  double query = 0;
  double prompt = 0;
};

/// Real updates of sets of blocks, each made once.
class Updates {
 public:
  Updates(const ttt::PromptModel& model, const geometry::PromptGeometry& geometry,
          const SubspaceOptions& options)
      : model_(model), geometry_(geometry), options_(options) {}

  SubspaceErrors after(std::vector<Eigen::Index> blocks) {
    std::sort(blocks.begin(), blocks.end());
    const auto known = made_.find(blocks);
    if (known != made_.end()) return known->second;
    const std::vector<std::string> names = geometry::block_names(geometry_, blocks);
    subspace::StepRule step;
    step.scale = options_.step_scale;
    const double rho = step.for_kernel(
        spectral::largest_eigenvalue(geometry::summed_kernel(geometry_, blocks)).value);
    const ttt::StepPath path =
        ttt::step_path(model_, names, rho, options_.horizon, ttt::RecordQueries::last);
    const SubspaceErrors errors = {
        mean_squared_error(model_, path.queries.row(0).transpose()),
        std::pow(path.residual_norms.back(), 2) / static_cast<double>(model_.examples())};
    made_.emplace(std::move(blocks), errors);
    return errors;
  }

 private:
  const ttt::PromptModel& model_;
  const geometry::PromptGeometry& geometry_;
  const SubspaceOptions& options_;
  std::map<std::vector<Eigen::Index>, SubspaceErrors> made_;
};

/// The first `budget` of the chosen blocks.
std::vector<Eigen::Index> first_blocks(const advice::BlockRanking& ranking, int budget) {
  const auto& chosen = ranking.selected_indices;
  return {chosen.begin(), chosen.begin() + std::min(budget, static_cast<int>(chosen.size()))};
}

}  // namespace

std::vector<std::string> subspace_methods() {
  std::vector<std::string> names;
  for (const Method method : compared_methods) names.emplace_back(subspace::name_of(method));
  return names;
}

std::vector<std::string> SubspaceTask::columns(const SubspaceOptions& options) {
  std::vector<std::string> names = {"task", "group", "query_error_base", "prompt_error_base"};
  for (const char* quantity : {"query", "prompt"}) {
    for (const std::string& method : subspace_methods()) {
      for (const int budget : options.budgets) {
        names.push_back(fmt::format("{}_error {} {}", quantity, method, budget));
      }
    }
  }
  return names;
}

Row SubspaceTask::row() const {
  Row values = {number, static_cast<double>(group), query_error_base, prompt_error_base};
  values.insert(values.end(), query_errors.begin(), query_errors.end());
  values.insert(values.end(), prompt_errors.begin(), prompt_errors.end());
  return values;
}

SubspaceTask SubspaceTask::from_row(std::span<const double> row) {
  constexpr std::size_t fixed = 4;
  if (row.size() < fixed || (row.size() - fixed) % 2 != 0) {
    throw ArgumentError("SubspaceTask::from_row", "row", "has a wrong length");
  }
  const auto half = static_cast<std::ptrdiff_t>((row.size() - fixed) / 2);
  SubspaceTask task;
  task.number = row[0];
  task.group = static_cast<std::size_t>(row[1]);
  task.query_error_base = row[2];
  task.prompt_error_base = row[3];
  task.query_errors.assign(row.begin() + fixed, row.begin() + fixed + half);
  task.prompt_errors.assign(row.begin() + fixed + half, row.end());
  return task;
}

SubspaceTask run_subspace_task(const Task& task, const SubspaceOptions& options) {
  const ttt::PromptModel& model = task.model;
  const int layers = model.weights().config.layers;
  model::CaptureOptions capture;
  capture.first_layer = std::max(0, layers - options.last_layers);
  const geometry::PromptGeometry geometry = model.capture(capture);
  const auto blocks = static_cast<int>(geometry.block_count());

  SubspaceTask result;
  result.number = task.number;
  result.group = task.group;
  result.query_error_base = mean_squared_error(model, geometry.query_base);
  result.prompt_error_base =
      geometry.residuals.squaredNorm() / static_cast<double>(geometry.examples());

  advice::BlockRankingOptions score;
  score.horizon_options.step.scale = options.step_scale;
  score.horizon = options.horizon;
  score.budget = std::min(options.budgets.back(), blocks);
  const advice::HorizonChoice whole = advice::choose_horizon(geometry, score.horizon_options);
  Updates updates(model, geometry, options);
  for (const Method method : compared_methods) {
    score.method = method;
    const int draws = method == Method::random ? options.random_draws : 1;
    std::vector<SubspaceErrors> means(options.budgets.size());
    std::vector<SubspaceErrors> firsts;
    for (int draw = 0; draw < draws; ++draw) {
      score.seed = static_cast<std::uint64_t>(task.number) *
                       static_cast<std::uint64_t>(options.random_draws) +
                   static_cast<std::uint64_t>(draw);
      const advice::BlockRanking ranking = advice::rank_blocks(geometry, whole, score);
      for (std::size_t k = 0; k < options.budgets.size(); ++k) {
        const SubspaceErrors errors = updates.after(first_blocks(ranking, options.budgets[k]));
        // From the first draw on, so that equal errors have exactly their own mean.
        if (draw == 0) {
          firsts.push_back(errors);
          means[k] = errors;
        }
        means[k].query += (errors.query - firsts[k].query) / draws;
        means[k].prompt += (errors.prompt - firsts[k].prompt) / draws;
      }
    }
    for (const SubspaceErrors& mean : means) {
      result.query_errors.push_back(mean.query);
      result.prompt_errors.push_back(mean.prompt);
    }
  }
  return result;
}

}  // namespace sextant::studies::reproduce
