#include "sextant/studies/reproduce/regression_shift.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/studies/pretrain/regression.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::reproduce {
namespace {

using Eigen::Index;
using Eigen::VectorXd;
using generators::RegressionFamily;
using generators::RegressionTask;
using model::Parameters;
using pretrain::LabelledSeries;

constexpr int queries_per_context = 128;
constexpr int fresh_contexts = 4;
constexpr int starts = 2;  // pretrained, scratch

const char* start_name(int start) { return start == 0 ? "pretrained" : "scratch"; }

/// Step sizes to choose from. A random model needs longer steps than a trained one.
std::vector<double> rates(int start) {
  return start == 0 ? std::vector<double>{1e-4, 3e-4, 1e-3} : std::vector<double>{1e-3, 3e-3};
}

/// Input variances in proportion to 2^-i, with the trained ones' sum.
RegressionFamily shifted(const RegressionFamily& trained) {
  RegressionFamily family = trained;
  for (Index i = 0; i < family.input_variances.size(); ++i) {
    family.input_variances[i] = std::exp2(-static_cast<double>(i));
  }
  family.input_variances *= trained.input_variances.sum() / family.input_variances.sum();
  return family;
}

/// A context, all samples of the update, and what the errors are measured on.
struct Case {
  RegressionTask context;
  RegressionTask samples;
  std::vector<LabelledSeries> queries;  ///< Of this context first, then of the fresh ones.
};

Case draw_case(const RegressionFamily& family, int examples, int most_samples, Random random) {
  Case result;
  result.context = generators::draw_regression(family, examples, random);
  const VectorXd& beta = result.context.beta;
  result.samples = generators::draw_regression(family, beta, most_samples, random);
  for (int c = 0; c <= fresh_contexts; ++c) {
    const RegressionTask context =
        c == 0 ? result.context : generators::draw_regression(family, beta, examples, random);
    RegressionTask queries = generators::draw_regression(family, beta, queries_per_context, random);
    queries.y = queries.x * beta;
    result.queries.push_back(pretrain::labels_after(context, queries));
  }
  return result;
}

/// Mean squared errors of noiseless labels.
struct ShiftErrors {
  double same_context = 0;
  double fresh_context = 0;
};

ShiftErrors errors_of(const Parameters<float>& parameters, const Case& drawn) {
  ShiftErrors errors;
  for (std::size_t c = 0; c < drawn.queries.size(); ++c) {
    const double loss = pretrain::series_loss(parameters, drawn.queries[c]);
    if (c == 0) {
      errors.same_context = loss;
    } else {
      errors.fresh_context += loss / fresh_contexts;
    }
  }
  return errors;
}

/// The errors after each of `steps`, which ascend.
std::vector<ShiftErrors> adapt(const Parameters<float>& start, const Case& drawn, int samples,
                               double rate, const std::vector<int>& steps) {
  RegressionTask used = drawn.samples;
  used.x.conservativeResize(samples, Eigen::NoChange);
  used.y.conservativeResize(samples);
  const LabelledSeries batch = pretrain::labels_after(drawn.context, used);
  pretrain::TrainingOptions training;
  training.schedule = {rate, 0, steps.back(), 1.0};
  training.adamw.weight_decay = 0;
  pretrain::TrainingState state(start.config());
  state.parameters = start;
  Parameters<float> gradient(start.config());
  std::vector<ShiftErrors> errors;
  for (const int step : steps) {
    while (state.steps_done() < step) {
      pretrain::train_step(
          training,
          [&](const auto& parameters, auto& result) {
            return pretrain::series_loss_gradient(parameters, batch, result);
          },
          state, gradient);
    }
    errors.push_back(errors_of(state.parameters, drawn));
  }
  return errors;
}

/// Step size and number of steps; 0 steps: no update.
struct Choice {
  double rate = 0;
  int steps = 0;
};

/// What stays the same through a study.
struct Setting {
  const RegressionShiftOptions& options;
  RegressionFamily family;
  int examples = 0;
  std::vector<Parameters<float>> start;  ///< [starts]
  std::uint64_t stream = 0;              ///< Of the first case; others follow.

  Case draw(int index) const {
    const int most = *std::ranges::max_element(options.samples);
    return draw_case(family, examples, most,
                     Random(options.seed, stream + static_cast<std::uint64_t>(index)));
  }
};

/// By the mean error with the same context on the pilot's cases.
Choice choose(const Setting& setting, int start, int samples) {
  const auto& options = setting.options;
  const std::vector<double> all_rates = rates(start);
  const auto count = static_cast<std::ptrdiff_t>(options.pilot_tasks);
  std::vector<std::vector<double>> sums(
      options.pilot_tasks, std::vector<double>(all_rates.size() * options.steps.size() + 1));
  parallel_for(count, [&](std::ptrdiff_t i) {
    const Case drawn = setting.draw(options.tasks + static_cast<int>(i));
    auto& row = sums[static_cast<std::size_t>(i)];
    const auto& from = setting.start[static_cast<std::size_t>(start)];
    std::size_t next = 0;
    row[next++] = errors_of(from, drawn).same_context;
    for (const double rate : all_rates) {
      for (const ShiftErrors& errors : adapt(from, drawn, samples, rate, options.steps)) {
        row[next++] = errors.same_context;
      }
    }
  });
  std::vector<double> total(sums.front().size());
  for (const auto& row : sums) {
    for (std::size_t j = 0; j < row.size(); ++j) total[j] += row[j];
  }
  const auto best = static_cast<std::size_t>(std::ranges::min_element(total) - total.begin());
  if (best == 0) return {};
  return {all_rates[(best - 1) / options.steps.size()],
          options.steps[(best - 1) % options.steps.size()]};
}

/// ShiftErrors over cases, both kinds.
struct Sample {
  std::vector<double> same;
  std::vector<double> fresh;
};

struct Line {
  double samples = 0;
  Choice choice[starts];
  Sample sample[starts];
};

Sample run_cases(const Setting& setting, int start, int samples, const Choice& choice) {
  const auto count = static_cast<std::size_t>(setting.options.tasks);
  Sample sample{std::vector<double>(count), std::vector<double>(count)};
  parallel_for(static_cast<std::ptrdiff_t>(count), [&](std::ptrdiff_t index) {
    const auto i = static_cast<std::size_t>(index);
    const Case drawn = setting.draw(static_cast<int>(i));
    const auto& from = setting.start[static_cast<std::size_t>(start)];
    const ShiftErrors errors =
        choice.steps == 0 ? errors_of(from, drawn)
                          : adapt(from, drawn, samples, choice.rate, {choice.steps}).back();
    sample.same[i] = errors.same_context;
    sample.fresh[i] = errors.fresh_context;
  });
  return sample;
}

/// The posterior mean given the context and the samples, which knows the covariance's family.
std::vector<double> ideal_errors(const Setting& setting, int samples) {
  std::vector<double> errors;
  for (int i = 0; i < setting.options.tasks; ++i) {
    const Case drawn = setting.draw(i);
    const Index n = drawn.context.x.rows();
    Eigen::MatrixXd x(n + samples, drawn.context.x.cols());
    VectorXd y(n + samples);
    x << drawn.context.x, drawn.samples.x.topRows(samples);
    y << drawn.context.y, drawn.samples.y.head(samples);
    const VectorXd wrong =
        generators::posterior_coefficients(setting.family, x, y) - drawn.context.beta;
    errors.push_back(setting.family.input_variances.dot(wrong.cwiseAbs2()));
  }
  return errors;
}

double mean_of(const std::vector<double>& values) { return statistics::estimate(values).mean; }

std::string choice_text(const Choice& choice) {
  return choice.steps == 0 ? "no update" : fmt::format("{} of {}", choice.steps, choice.rate);
}

report::Table errors_table(const std::vector<Line>& lines, std::vector<double> Sample::*kind) {
  report::Table table;
  table.numbers_of("k", lines, &Line::samples);
  for (int start = 0; start < starts; ++start) {
    table.numbers_of(
        start_name(start), lines,
        [&](const Line& line) { return mean_of(line.sample[start].*kind); }, 3);
    table.numbers_of(
        fmt::format("+- {}", start_name(start)), lines,
        [&](const Line& line) {
          return statistics::estimate(line.sample[start].*kind).standard_error;
        },
        2);
    table.text_of(fmt::format("steps, {}", start_name(start)), lines,
                  [&](const Line& line) { return choice_text(line.choice[start]); });
  }
  return table;
}

std::string crossing_finding(const std::vector<Line>& lines, std::vector<double> Sample::*kind,
                             const char* name) {
  std::string text = fmt::format("{}: scratch minus pretrained, 95% interval:", name);
  for (const Line& line : lines) {
    const auto comparison = statistics::compare_paired(line.sample[0].*kind, line.sample[1].*kind);
    text += fmt::format("{} k = {}: {:+.3f} [{:+.3f}, {:+.3f}]", &line == &lines[0] ? "" : ";",
                        line.samples, comparison.improvement.mean, comparison.interval.low,
                        comparison.interval.high);
  }
  return text + ".";
}

TheorySection section_of(const Setting& setting, const char* title) {
  TheorySection section;
  section.title = title;
  std::vector<double> variances(setting.family.input_variances.begin(),
                                setting.family.input_variances.end());
  section.statement = fmt::format(
      "Squared error of noiseless labels over {} tasks after AdamW steps on all weights, k samples "
      "that share one context of {} pairs; with that context and with fresh ones. Input variances "
      "{:.3g}. Steps and step size from {} other tasks.",
      setting.options.tasks, setting.examples, fmt::join(variances, ", "),
      setting.options.pilot_tasks);
  const Sample none = run_cases(setting, 0, 1, {});
  std::vector<Line> lines;
  presentation::MeanLine ideal{"posterior mean of all n + k pairs", {}, {}, {}};
  presentation::MeanLine before{"pretrained, no update", {}, {}, {}};
  std::vector<presentation::MeanLine> curves;
  for (const char* kind : {"same context", "fresh context"}) {
    for (int start = 0; start < starts; ++start) {
      curves.push_back({fmt::format("{}, {}", start_name(start), kind), {}, {}, {}});
    }
  }
  for (const int samples : setting.options.samples) {
    Line& line = lines.emplace_back();
    line.samples = samples;
    for (int start = 0; start < starts; ++start) {
      line.choice[start] = choose(setting, start, samples);
      line.sample[start] = run_cases(setting, start, samples, line.choice[start]);
      const auto same = statistics::estimate(line.sample[start].same);
      const auto fresh = statistics::estimate(line.sample[start].fresh);
      const auto curve = curves.begin() + start;
      curve->add(samples, same.mean, same.standard_error);
      (curve + starts)->add(samples, fresh.mean, fresh.standard_error);
    }
    const auto best = statistics::estimate(ideal_errors(setting, samples));
    ideal.add(samples, best.mean, best.standard_error);
    before.add(samples, mean_of(none.same));
  }
  curves.push_back(before);
  curves.push_back(ideal);
  section.tables = {{"With the context of the update", errors_table(lines, &Sample::same)},
                    {"With fresh contexts", errors_table(lines, &Sample::fresh)}};
  section.figures.push_back(presentation::lines_figure(
      {title, section.statement, fmt::format("regression-{}", setting.stream), {}}, curves, "k",
      "squared error", {true, true, std::nullopt}));
  const auto& last = lines.back();
  section.findings = {
      fmt::format("Without an update: {:.3f} with the context, {:.3f} with fresh ones; after k = "
                  "{} samples from the pretrained weights {:.3f} and {:.3f}.",
                  mean_of(none.same), mean_of(none.fresh), last.samples,
                  mean_of(last.sample[0].same), mean_of(last.sample[0].fresh)),
      crossing_finding(lines, &Sample::same, "Same context"),
      crossing_finding(lines, &Sample::fresh, "Fresh contexts")};
  return section;
}

void check_options(const RegressionShiftOptions& options) {
  constexpr std::string_view here = "regression_shift_study";
  const auto require = [&](bool good, std::string_view name, std::string_view problem) {
    if (!good) throw ArgumentError(here, name, problem);
  };
  require(options.tasks >= 2, "tasks", "is below 2");
  check_not_negative(here, "noise", options.noise);
  require(options.pilot_tasks >= 1, "pilot_tasks", "is below 1");
  require(!options.samples.empty() && std::ranges::min(options.samples) >= 1, "samples",
          "is empty or has a number below 1");
  require(
      !options.steps.empty() && options.steps.front() >= 1 &&
          std::ranges::adjacent_find(options.steps, std::greater_equal<>()) == options.steps.end(),
      "steps", "is empty, not ascending or has a number below 1");
}

}  // namespace

TheoryStudy regression_shift_study(const RegressionShiftOptions& options,
                                   const std::filesystem::path& directory) {
  check_options(options);
  const Parameters<float> trained = model::read_parameters<float>(directory);
  const model::ModelConfig& config = trained.config();
  if (config.family != model::Family::series || config.features < 2 || config.context < 3) {
    throw InputError((directory / "config.json").string(), "model_type",
                     "is not a series model of regressions (see sextant pretrain regression)");
  }
  Parameters<float> scratch(config);
  pretrain::initialize(options.seed, pretrain::initial_deviation(config.width), scratch);
  const RegressionFamily family =
      generators::isotropic_regression(config.features - 1, options.noise);
  TheoryStudy study;
  study.title = "A nonlinear model under a shift of covariance";
  const auto add = [&](const RegressionFamily& tasks, const char* title, std::uint64_t stream) {
    const Setting setting{options, tasks, (config.context - 1) / 2, {trained, scratch}, stream};
    study.sections.push_back(section_of(setting, title));
  };
  add(family, "Inputs as in training", 1'000'000);
  add(shifted(family), "Inputs with another covariance", 2'000'000);
  return study;
}

}  // namespace sextant::studies::reproduce
