#include "sextant/studies/pretrain/reference_predictors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"

namespace sextant::studies::pretrain {
namespace {

using generators::digit_count;
using generators::DigitPair;

double& at(LabelProbabilities& p, int label) { return p[static_cast<std::size_t>(label)]; }

/// `weights` divided by their sum; a guess when that is 0.
LabelProbabilities normalized(LabelProbabilities weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(sum > 0)) return guess_label();
  for (double& p : weights) p /= sum;
  return weights;
}

/// p(y | x, shift) under the family's label noise.
double likelihood(int y, int x, int shift, double label_noise) {
  const double right = y == generators::shifted_digit(x, shift) ? 1 - label_noise : 0;
  return right + label_noise / digit_count;
}

}  // namespace

LabelProbabilities guess_label() {
  LabelProbabilities p;
  p.fill(1.0 / digit_count);
  return p;
}

LabelProbabilities copy_label(std::span<const DigitPair> examples, int x) {
  LabelProbabilities counts{};
  for (const DigitPair& example : examples) {
    if (example.x == x) at(counts, example.y) += 1;
  }
  return normalized(counts);
}

LabelProbabilities nearest_shift_label(std::span<const DigitPair> examples, int x,
                                       std::span<const int> shifts) {
  if (shifts.empty()) throw ArgumentError("nearest_shift_label", "shifts", "is empty");
  std::vector<std::ptrdiff_t> agreeing;
  for (const int shift : shifts) {
    agreeing.push_back(std::count_if(examples.begin(), examples.end(), [&](const auto& example) {
      return example.y == generators::shifted_digit(example.x, shift);
    }));
  }
  const auto most = *std::max_element(agreeing.begin(), agreeing.end());
  LabelProbabilities counts{};
  for (std::size_t i = 0; i < shifts.size(); ++i) {
    if (agreeing[i] == most) at(counts, generators::shifted_digit(x, shifts[i])) += 1;
  }
  return normalized(counts);
}

LabelProbabilities ideal_label(std::span<const DigitPair> examples, int x,
                               const generators::DigitShiftFamily& family) {
  if (family.shifts.empty()) throw ArgumentError("ideal_label", "family.shifts", "is empty");
  std::vector<double> logs;
  for (const int shift : family.shifts) {
    double sum = 0;
    for (const DigitPair& example : examples) {
      sum += std::log(likelihood(example.y, example.x, shift, family.label_noise));
    }
    logs.push_back(sum);
  }
  const double largest = *std::max_element(logs.begin(), logs.end());
  if (largest == -std::numeric_limits<double>::infinity()) return guess_label();
  LabelProbabilities weights{};
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double posterior = std::exp(logs[i] - largest);
    for (int y = 0; y < digit_count; ++y) {
      at(weights, y) += posterior * likelihood(y, x, family.shifts[i], family.label_noise);
    }
  }
  return normalized(weights);
}

}  // namespace sextant::studies::pretrain
