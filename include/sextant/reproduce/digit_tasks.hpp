#pragma once

/// Digit-shift prompts on a decoder, as [W, App. I.1] draws them.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "sextant/model/weights.hpp"
#include "sextant/tokenizer/tokenizer.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::reproduce {

/// One task: ten shifts, ten labelled examples and one query unless said otherwise.
struct DigitTask {
  std::uint64_t seed = 0;  ///< Of `sextant prompt digit-shift --queries 1`.
  bool noisy = false;      ///< Labels replaced by a uniform digit with the noise's probability.
};

/// A decoder that digit-shift prompts are put to.
class DigitTasks {
 public:
  /// Throws `InputError` when the directory holds no decoder.
  DigitTasks(const std::filesystem::path& model, int examples, double label_noise);

  /// Task `index` of a run: seeds `first_seed`, `first_seed` + 1, ...; every other task is noisy.
  static DigitTask task(std::uint64_t first_seed, std::size_t index) {
    return {first_seed + index, index % 2 == 1};
  }

  /// Model and prompt of a task; its query's target is known. Throws `InputError` when the
  /// tokenizer does not take a digit after the template for one token.
  ttt::PromptModel prompt_model(const DigitTask& task) const;

  const model::Weights<float>& weights() const { return weights_; }

 private:
  model::Weights<float> weights_;
  std::unique_ptr<const tokenizer::Tokenizer> tokenizer_;
  int examples_;
  double label_noise_;
};

}  // namespace sextant::reproduce
