#pragma once

/// How well a digit-shift model predicts, beside simple rules that need no training.

#include <cstdint>
#include <string>
#include <vector>

#include "sextant/model/parameters.hpp"
#include "sextant/studies/generators/digit_shift.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::pretrain {

using statistics::Estimate;

/// Errors of one predictor, which gives each label a probability.
struct PredictorErrors {
  std::string predictor;
  /// Of the expected label value (values y / 9) against that of the right label.
  Estimate squared_error;
  /// Share of tasks whose right label is the most probable one; ties count in parts.
  Estimate accuracy;
};

/// One distribution of tasks, one query each.
struct MeasuredErrors {
  std::string tasks;  ///< "shifts 0-4, clean labels".
  generators::DigitShiftFamily family;
  int examples = 0;
  int count = 0;  ///< Tasks.
  /// "model" first, then the reference predictors: "ideal" (for the family trained on), "nearest
  /// trained shift", "nearest shift of all ten", "copy" and "guess".
  std::vector<PredictorErrors> predictors;
};

/// "0-4,7" from {0, 1, 2, 3, 4, 7}: the inverse of `generators::parse_shifts` for ascending lists.
std::string format_shifts(const std::vector<int>& shifts);

/// Measures on `count` fresh tasks each: the family trained on; its shifts with clean labels (when
/// it has label noise); the other shifts with clean labels (when there are any); all shifts with
/// clean labels; all shifts with label noise 0.55. Tasks of measurement i come from Random(seed,
/// 2^32 + i). Throws `ArgumentError` when count < 2. Deterministic for any number of threads.
std::vector<MeasuredErrors> measure_digit_shift(const model::Parameters<float>& parameters,
                                                const generators::DigitShiftFamily& trained,
                                                int examples, int count, std::uint64_t seed);

/// Loss on fresh sequences like those of training, in nats per label.
struct FreshLoss {
  double model = 0;
  double ideal =
      0;  ///< Of `ideal_label`, the smallest that can be expected, on the same sequences.
};

/// `count` fresh sequences from Random(seed, 2^33), each with a label for every number of examples
/// from 0 to `examples`.
FreshLoss measure_loss(const model::Parameters<float>& parameters,
                       const generators::DigitShiftFamily& family, int examples, int count,
                       std::uint64_t seed);

}  // namespace sextant::studies::pretrain
