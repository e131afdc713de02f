#pragma once

/// Digit-shift tasks on a decoder, as [W, App. I.1] draws them.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "sextant/model/weights.hpp"
#include "sextant/studies/reproduce/study.hpp"
#include "sextant/tokenizer/tokenizer.hpp"

namespace sextant::studies::reproduce {

/// All ten shifts, either template, one query with its right target.
struct DigitTaskOptions {
  int examples = 10;
  double label_noise = 0.55;  ///< Of noisy tasks.
  /// Task i is the draw of `sextant prompt digit-shift --queries 1 --seed first_seed + i`; every
  /// other one is noisy.
  std::uint64_t first_seed = 1;
};

/// First prompt seed of a run with this seed: runs with different ones share no task. 1 for 1.
std::uint64_t first_task_seed(std::uint64_t seed);

class DigitTasks {
 public:
  /// Throws `InputError` when the directory holds no decoder.
  DigitTasks(const std::filesystem::path& model, const DigitTaskOptions& options);

  /// Throws `InputError` when the tokenizer does not take a digit after the template for one token.
  Task task(std::size_t index) const;

 private:
  model::Weights<float> weights_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  DigitTaskOptions options_;
};

/// Both experiments of the paper: groups "clean" and "noisy"; the pilot's tasks are those 10^9
/// seeds further on.
Study digit_shift_study(const std::filesystem::path& model, const DigitTaskOptions& options);

}  // namespace sextant::studies::reproduce
