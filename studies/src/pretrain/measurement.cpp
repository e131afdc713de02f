#include "sextant/studies/pretrain/measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/model/transformer.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/studies/pretrain/digit_vocabulary.hpp"
#include "sextant/studies/pretrain/reference_predictors.hpp"

namespace sextant::studies::pretrain {
namespace {

using generators::digit_count;
using generators::DigitShiftFamily;
using generators::DigitShiftTask;

using Tasks = std::vector<DigitShiftTask>;

constexpr std::uint64_t first_stream = std::uint64_t{1} << 32;
constexpr std::uint64_t loss_stream = std::uint64_t{1} << 33;
constexpr std::size_t tasks_per_batch = 256;

std::vector<int> all_shifts() {
  std::vector<int> shifts(digit_count);
  std::iota(shifts.begin(), shifts.end(), 0);
  return shifts;
}

std::vector<double> label_values() {
  std::vector<double> values;
  for (int digit = 0; digit < digit_count; ++digit) values.push_back(digit / 9.0);
  return values;
}

/// Label probabilities of the model for each task's first query.
std::vector<LabelProbabilities> predict(const model::Parameters<float>& parameters,
                                        const Tasks& tasks) {
  const auto weights = parameters.weights();
  const readout::LabelExpectation<float> readout(weights, all_shifts(), label_values());
  std::vector<LabelProbabilities> result;
  for (std::size_t begin = 0; begin < tasks.size(); begin += tasks_per_batch) {
    std::vector<std::vector<int>> sequences;
    for (std::size_t i = begin; i < std::min(begin + tasks_per_batch, tasks.size()); ++i) {
      sequences.push_back(query_tokens(tasks[i], 0));
    }
    const model::TokenBatch batch = model::pack_causal(sequences);
    const auto activations = forward(weights, batch, model::tree_layouts(batch), false);
    for (const auto& outputs : batch.sequence_outputs) {
      const Eigen::VectorXd p = readout.probabilities(activations.hidden, outputs.front());
      std::copy(p.begin(), p.end(), result.emplace_back().begin());
    }
  }
  return result;
}

double squared_error(const LabelProbabilities& p, int right) {
  double expectation = 0;
  for (int y = 0; y < digit_count; ++y) expectation += p[static_cast<std::size_t>(y)] * y / 9;
  return (expectation - right / 9.0) * (expectation - right / 9.0);
}

double hit(const LabelProbabilities& p, int right) {
  const double largest = *std::max_element(p.begin(), p.end());
  if (p[static_cast<std::size_t>(right)] < largest) return 0;
  return 1.0 / static_cast<double>(std::count(p.begin(), p.end(), largest));
}

Estimate estimate(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1) / n)};
}

PredictorErrors errors_of(std::string name, const Tasks& tasks,
                          const std::function<LabelProbabilities(std::size_t)>& predictor) {
  std::vector<double> squares;
  std::vector<double> hits;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const LabelProbabilities p = predictor(i);
    squares.push_back(squared_error(p, tasks[i].queries[0].y));
    hits.push_back(hit(p, tasks[i].queries[0].y));
  }
  return {std::move(name), estimate(squares), estimate(hits)};
}

std::string describe(const DigitShiftFamily& family) {
  return fmt::format("shifts {}, {}", format_shifts(family.shifts),
                     family.label_noise > 0 ? fmt::format("label noise {}", family.label_noise)
                                            : std::string("clean labels"));
}

MeasuredErrors measure(const model::Parameters<float>& parameters, const DigitShiftFamily& family,
                       const DigitShiftFamily& trained, int examples, int count, Random random) {
  MeasuredErrors result{describe(family), family, examples, count, {}};
  Tasks tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(generators::draw_digit_shift(family, examples, 1, random));
  }
  const auto predicted = predict(parameters, tasks);
  const std::vector<int> all = all_shifts();
  const auto add = [&](const char* name, const auto& rule) {
    result.predictors.push_back(errors_of(name, tasks, rule));
  };
  const auto add_rule = [&](const char* name, const auto& rule) {
    add(name, [&](std::size_t i) { return rule(tasks[i].examples, tasks[i].queries[0].x); });
  };
  add("model", [&](std::size_t i) { return predicted[i]; });
  add_rule("ideal", [&](auto& shown, int x) { return ideal_label(shown, x, trained); });
  add_rule("nearest trained shift",
           [&](auto& shown, int x) { return nearest_shift_label(shown, x, trained.shifts); });
  add_rule("nearest shift of all ten",
           [&](auto& shown, int x) { return nearest_shift_label(shown, x, all); });
  add_rule("copy", [](auto& shown, int x) { return copy_label(shown, x); });
  add_rule("guess", [](auto&, int) { return guess_label(); });
  return result;
}

/// Sum of the ideal predictor's losses over all labels of a task's examples.
double ideal_loss(const DigitShiftTask& task, const DigitShiftFamily& family) {
  const std::span<const generators::DigitPair> examples(task.examples);
  double loss = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto p = ideal_label(examples.first(i), examples[i].x, family);
    loss -= std::log(p[static_cast<std::size_t>(examples[i].y)]);
  }
  return loss;
}

}  // namespace

std::string format_shifts(const std::vector<int>& shifts) {
  std::string text;
  for (std::size_t i = 0; i < shifts.size();) {
    std::size_t last = i;
    while (last + 1 < shifts.size() && shifts[last + 1] == shifts[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text +=
        last == i ? fmt::format("{}", shifts[i]) : fmt::format("{}-{}", shifts[i], shifts[last]);
    i = last + 1;
  }
  return text;
}

std::vector<MeasuredErrors> measure_digit_shift(const model::Parameters<float>& parameters,
                                                const DigitShiftFamily& trained, int examples,
                                                int count, std::uint64_t seed) {
  if (count < 2) {
    throw ArgumentError("measure_digit_shift", "count",
                        fmt::format("is {}, expected at least 2", count));
  }
  const std::vector<int> all = all_shifts();
  DigitShiftFamily others;
  std::set_difference(all.begin(), all.end(), trained.shifts.begin(), trained.shifts.end(),
                      std::back_inserter(others.shifts));
  std::vector<DigitShiftFamily> families{trained};
  if (trained.label_noise > 0) families.push_back({trained.shifts, 0});
  if (!others.shifts.empty()) families.push_back(others);
  families.push_back({all, 0});
  families.push_back({all, 0.55});
  std::vector<MeasuredErrors> results;
  for (std::size_t i = 0; i < families.size(); ++i) {
    results.push_back(
        measure(parameters, families[i], trained, examples, count, Random(seed, first_stream + i)));
  }
  return results;
}

FreshLoss measure_loss(const model::Parameters<float>& parameters, const DigitShiftFamily& family,
                       int examples, int count, std::uint64_t seed) {
  Random random(seed, loss_stream);
  FreshLoss total;
  for (int begin = 0; begin < count; begin += static_cast<int>(tasks_per_batch)) {
    const int size = std::min(static_cast<int>(tasks_per_batch), count - begin);
    Tasks tasks;
    for (int i = 0; i < size; ++i) {
      tasks.push_back(generators::draw_digit_shift(family, examples + 1, 0, random));
      total.ideal += ideal_loss(tasks.back(), family) / (examples + 1);
    }
    total.model += size * label_loss(parameters, label_sequences(tasks));
  }
  return {total.model / count, total.ideal / count};
}

}  // namespace sextant::studies::pretrain
