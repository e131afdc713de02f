#include "single_index_cells.hpp"

#include <algorithm>
#include <cmath>

#include "sextant/core/random_matrix.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/studies/single_index/kernel_ridge.hpp"
#include "sextant/studies/single_index/risk.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::reproduce::theory {
namespace {

using namespace single_index;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Streams of random numbers; prompts of pretraining have those from 0 on.
constexpr std::uint64_t subspace_stream = 1ULL << 62;
constexpr std::uint64_t task_stream = 1ULL << 61;
constexpr std::uint64_t input_stream = 1ULL << 60;

struct TestTask {
  generators::SingleIndexTask task;
  generators::LabelledInputs samples;
  std::uint64_t seed;
  std::uint64_t number;
  Random random;  ///< For what comes after.

  TestTask(const SingleIndexOptions& options, const PretrainedCase& of, generators::LinkFamily link,
           Index count, Index place)
      : seed(options.seed),
        number(static_cast<std::uint64_t>(count * 100'000 + place)),
        random(seed, task_stream + number) {
    generators::SingleIndexFamily family = of.family;
    family.link = link;
    task = generators::draw_single_index_task(family, of.subspace, random);
    samples = generators::draw_labelled_inputs(task, count, random);
  }
};

constexpr Index test_inputs = 8192;

/// Mean squared error of `predict` against labels without noise, on inputs that depend on the task
/// alone.
template <class Predict>
double drawn_excess(const TestTask& test, const Predict& predict) {
  Random random(test.seed, input_stream + test.number);
  const MatrixXd x = normal_matrix(test.samples.x.rows(), test_inputs, random);
  const VectorXd z = x.transpose() * test.task.beta;
  const VectorXd signal = z.unaryExpr([&](double at) { return test.task.signal(at); });
  return (predict(x) - signal).squaredNorm() / static_cast<double>(test_inputs);
}

double excess(const TestTask& test, const VectorXd& direction, const ReluReadout& readout) {
  const double overlap = std::clamp(test.task.beta.dot(direction), -1.0, 1.0);
  return excess_risk(test.task, overlap, [&](const VectorXd& s) { return readout.values(s); });
}

LearnedOutcome learn_one(TestTask test, const PretrainedCase& of) {
  LearnerOptions options;
  options.attention = of.attention;
  options.strong.record = recorded_steps(test.samples.size());
  const Learned learned = learn(of.pretrained, test.samples, options, test.random);
  LearnedOutcome outcome;
  const VectorXd& u = learned.strong.direction;
  outcome.start = std::abs(test.task.beta.dot(learned.weak.start));
  outcome.weak = std::abs(test.task.beta.dot(learned.weak.direction));
  outcome.strong = std::min(1.0, std::abs(test.task.beta.dot(u)));
  outcome.path = (learned.strong.recorded.transpose() * test.task.beta).cwiseAbs();
  const auto with = [&](const ReluRegression& regression, LastStageRule rule,
                        double relative_penalty = 1e-4, std::int64_t steps = 1) {
    LastStageOptions last;
    last.rule = rule;
    last.relative_penalty = relative_penalty;
    last.steps = steps;
    return choose_last_stage(regression, last);
  };
  const ReluRegression& regression = learned.regression;
  const ReluRegression all(draw_units(options.last.units, options.last.offset_range, test.random),
                           test.samples.x.transpose() * u, test.samples.y);
  using Rule = LastStageRule;
  const LastStage gcv = with(regression, Rule::cross_validation);
  const LastStage benchmark = with(regression, Rule::benchmark_steps);
  const LastStage profile = with(regression, Rule::profile_steps);
  const LastStage plug_in = with(regression, Rule::plug_in_steps);
  outcome.gcv_penalty = gcv.penalty / regression.largest();
  outcome.evidence_penalty = learned.last.penalty / regression.largest();
  outcome.benchmark_steps = static_cast<double>(benchmark.steps);
  outcome.profile_steps = static_cast<double>(profile.steps);
  outcome.plug_in_steps = static_cast<double>(plug_in.steps);
  const LastStage stages[] = {learned.last,
                              gcv,
                              with(regression, Rule::fixed_penalty, 1e-8),
                              with(regression, Rule::fixed_penalty, 1e-6),
                              with(regression, Rule::fixed_penalty, 1e-4),
                              benchmark,
                              profile,
                              plug_in,
                              with(regression, Rule::fixed_steps, 1, 10'000),
                              with(regression, Rule::fixed_steps, 1, 1'000'000),
                              with(regression, Rule::fixed_steps, 1, 100'000'000),
                              with(all, Rule::evidence),
                              with(all, Rule::cross_validation)};
  static_assert(std::size(stages) == hindsight_place);
  outcome.drawn_excess = drawn_excess(test, [&](const MatrixXd& x) { return learned.predict(x); });
  for (std::size_t i = 0; i < std::size(stages); ++i) {
    outcome.excess[i] = excess(test, u, stages[i].readout);
  }
  double best = outcome.excess[evidence_place];
  for (const double penalty : default_relative_penalties()) {
    best = std::min(best, excess(test, u, with(regression, Rule::fixed_penalty, penalty).readout));
  }
  outcome.excess[hindsight_place] = best;
  return outcome;
}

}  // namespace

std::vector<Index> recorded_steps(Index samples) {
  std::vector<Index> steps;
  const Index most = std::llround(LearnerOptions().descent_share * static_cast<double>(samples));
  for (const Index step : {0, 100, 200, 400, 800, 1600, 3200}) {
    if (step <= most) steps.push_back(step);
  }
  return steps;
}

PretrainedCase pretrain_case(const SingleIndexOptions& options, Index dimension, Index rank,
                             double key_gain) {
  PretrainedCase result;
  result.family.dimension = dimension;
  result.family.rank = rank;
  result.attention.key_gain = key_gain;
  Random random(options.seed, subspace_stream);
  result.subspace = generators::draw_subspace(result.family, random);
  PretrainingOptions pretraining;
  // Plain keys find the subspace with fewer prompts.
  const Index per_dimension =
      key_gain == 0 ? (options.prompts_per_dimension + 1) / 2 : options.prompts_per_dimension;
  pretraining.prompts = per_dimension * dimension * std::max<Index>(4, rank) / 4;
  pretraining.context = pretraining.queries = options.prompt_size;
  pretraining.seed = options.seed;
  const std::string part = "pretraining, d = " + std::to_string(dimension) +
                           ", r = " + std::to_string(rank) + (key_gain == 0 ? ", plain keys" : "");
  if (options.on_progress) {
    pretraining.on_progress = [&](Index done) {
      options.on_progress(part, static_cast<std::size_t>(done),
                          static_cast<std::size_t>(pretraining.prompts), 0);
    };
  }
  result.prompts = pretraining.prompts;
  result.pretrained = pretrain(result.family, result.subspace, result.attention, pretraining);
  return result;
}

Cell run_learner(const SingleIndexOptions& options, const PretrainedCase& pretrained,
                 generators::LinkFamily link, Index samples, int tasks) {
  Cell cell;
  cell.samples = samples;
  cell.learned.resize(static_cast<std::size_t>(tasks));
  parallel_for(tasks, [&](std::ptrdiff_t i) {
    cell.learned[static_cast<std::size_t>(i)] =
        learn_one(TestTask(options, pretrained, link, samples, i), pretrained);
  });
  return cell;
}

void run_kernel_ridge(const SingleIndexOptions& options, const PretrainedCase& pretrained,
                      Cell& cell, bool on_all_coordinates) {
  const auto tasks = static_cast<std::size_t>(options.kernel_tasks);
  if (on_all_coordinates) cell.kernel.resize(tasks);
  cell.projected.resize(tasks);
  const MatrixXd projection = pretrained.pretrained.subspace.transpose();
  parallel_for(options.kernel_tasks, [&](std::ptrdiff_t i) {
    const auto place = static_cast<std::size_t>(i);
    const TestTask test(options, pretrained, pretrained.family.link, cell.samples, i);
    KernelRidgeOptions ridge;
    ridge.relative_penalties = {1e-4, 1e-3, 1e-2, 1e-1, 1};
    if (on_all_coordinates) {
      const KernelRidge full(test.samples, ridge);
      cell.kernel[place] = drawn_excess(test, [&](const MatrixXd& x) { return full.predict(x); });
    }
    // In few dimensions fewer samples suffice for the choice; in many they do not.
    ridge.relative_penalties.insert(ridge.relative_penalties.begin(), 1e-5);
    ridge.choice_samples = 2048;
    const KernelRidge inside({projection * test.samples.x, test.samples.y}, ridge);
    cell.projected[place] =
        drawn_excess(test, [&](const MatrixXd& x) { return inside.predict(projection * x); });
  });
}

std::vector<double> run_in_context(const SingleIndexOptions& options,
                                   const PretrainedCase& pretrained, Index samples, double scale) {
  InContextOptions fit;
  fit.scale = scale;
  fit.seed = options.seed + 1;
  const InContextPredictor predictor(pretrained.family, pretrained.subspace, pretrained.attention,
                                     pretrained.pretrained.gamma, samples, fit);
  std::vector<double> errors(static_cast<std::size_t>(options.tasks));
  parallel_for(options.tasks, [&](std::ptrdiff_t i) {
    const TestTask test(options, pretrained, pretrained.family.link, samples, i);
    errors[static_cast<std::size_t>(i)] =
        drawn_excess(test, [&](const MatrixXd& x) { return predictor.predict(test.samples, x); });
  });
  return errors;
}

std::vector<double> excess_of(const Cell& cell, std::size_t place) {
  std::vector<double> values;
  for (const LearnedOutcome& outcome : cell.learned) values.push_back(outcome.excess[place]);
  return values;
}

std::vector<double> drawn_excess_of(const Cell& cell) {
  std::vector<double> values;
  for (const LearnedOutcome& outcome : cell.learned) values.push_back(outcome.drawn_excess);
  return values;
}

double median_of(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double mean_of(const std::vector<double>& values) { return statistics::estimate(values).mean; }

}  // namespace sextant::studies::reproduce::theory
