#include "sextant/pretrain/measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/model/transformer.hpp"
#include "sextant/pretrain/digit_vocabulary.hpp"
#include "sextant/readout/label_expectation.hpp"

namespace sextant::pretrain {
namespace {

using task::digit_count;
using task::DigitShiftFamily;
using task::DigitShiftTask;

using LabelProbabilities = std::array<double, digit_count>;
using Tasks = std::vector<DigitShiftTask>;

constexpr std::uint64_t first_stream = std::uint64_t{1} << 32;
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

/// `counts` divided by their sum; all labels alike when that is 0.
LabelProbabilities normalized(LabelProbabilities counts) {
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  for (double& p : counts) p = sum > 0 ? p / sum : 1.0 / digit_count;
  return counts;
}

LabelProbabilities copy_labels(const DigitShiftTask& task) {
  LabelProbabilities counts{};
  for (const auto& [x, y] : task.examples) {
    if (x == task.queries[0].x) counts[static_cast<std::size_t>(y)] += 1;
  }
  return normalized(counts);
}

/// The labels that those of `shifts` give that most examples agree with.
LabelProbabilities decode_shift(const DigitShiftTask& task, const std::vector<int>& shifts) {
  std::vector<std::ptrdiff_t> agreeing;
  for (const int shift : shifts) {
    agreeing.push_back(std::count_if(
        task.examples.begin(), task.examples.end(),
        [&](const auto& example) { return example.y == task::shifted_digit(example.x, shift); }));
  }
  const auto most = *std::max_element(agreeing.begin(), agreeing.end());
  LabelProbabilities counts{};
  for (std::size_t i = 0; i < shifts.size(); ++i) {
    const int label = task::shifted_digit(task.queries[0].x, shifts[i]);
    if (agreeing[i] == most) counts[static_cast<std::size_t>(label)] += 1;
  }
  return normalized(counts);
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

MeasuredErrors measure(const model::Parameters<float>& parameters, const DigitShiftFamily& family,
                       const std::vector<int>& trained_shifts, int examples, int count,
                       Random random) {
  MeasuredErrors result;
  result.tasks =
      fmt::format("shifts {}, {}", format_shifts(family.shifts),
                  family.label_noise > 0 ? fmt::format("label noise {}", family.label_noise)
                                         : std::string("clean labels"));
  result.family = family;
  result.examples = examples;
  result.count = count;
  Tasks tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(task::draw_digit_shift(family, examples, 1, random));
  }
  const auto predicted = predict(parameters, tasks);
  const auto add = [&](const char* name, const auto& predictor) {
    result.predictors.push_back(errors_of(name, tasks, predictor));
  };
  add("model", [&](std::size_t i) { return predicted[i]; });
  add("guess", [&](std::size_t) { return normalized({}); });
  add("copy", [&](std::size_t i) { return copy_labels(tasks[i]); });
  add("trained shifts", [&](std::size_t i) { return decode_shift(tasks[i], trained_shifts); });
  add("all shifts", [&](std::size_t i) { return decode_shift(tasks[i], all_shifts()); });
  return result;
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
  if (!others.shifts.empty()) families.push_back(others);
  families.push_back({all, 0});
  families.push_back({all, 0.55});
  std::vector<MeasuredErrors> results;
  for (std::size_t i = 0; i < families.size(); ++i) {
    results.push_back(measure(parameters, families[i], trained.shifts, examples, count,
                              Random(seed, first_stream + i)));
  }
  return results;
}

}  // namespace sextant::pretrain
