#pragma once

/// Predictors of a digit-shift query that need no training, to compare a model with.

#include <array>
#include <span>
#include <vector>

#include "sextant/studies/generators/digit_shift.hpp"

namespace sextant::studies::pretrain {

/// The probability of each digit as the label of a query. All functions here are deterministic and
/// cost O(examples). An empty list of shifts is an `ArgumentError`.
using LabelProbabilities = std::array<double, generators::digit_count>;

/// All digits alike.
LabelProbabilities guess_label();

/// The labels of those examples that have the query's digit x, each alike; without any, a guess.
LabelProbabilities copy_label(std::span<const generators::DigitPair> examples, int x);

/// The labels given by those of `shifts` that most examples agree with, each alike.
LabelProbabilities nearest_shift_label(std::span<const generators::DigitPair> examples, int x,
                                       std::span<const int> shifts);

/// The Bayes prediction of the next label for one who knows that the task is from `family`, labels
/// replaced as there: p(y) = sum_s p(s | examples) ((1 - q) [y = x + s] + q / 10) with q the label
/// noise. This is what a perfect learner of the family predicts, also on tasks that are not of the
/// family; a guess when no shift of the family can have produced the examples.
LabelProbabilities ideal_label(std::span<const generators::DigitPair> examples, int x,
                               const generators::DigitShiftFamily& family);

}  // namespace sextant::studies::pretrain
