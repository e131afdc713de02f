#include "sextant/reproduce/sst2_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <variant>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/task/fit_head.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::reproduce {
namespace {

using Sentences = std::vector<task::LabelledText>;

/// A model and the sentences that its prompts are drawn from.
class Sst2Tasks {
 public:
  Sst2Tasks(const std::filesystem::path& model, const std::filesystem::path& data,
            const Sst2Options& options)
      : weights_(model::load_weights<float>(model)),
        tokenizer_(tokenizer::load_tokenizer(model)),
        options_(options),
        sentences_(task::load_labelled_texts(data / "dev.tsv")) {
    for (const auto& sentence : sentences_) {
      if (sentence.label != 0 && sentence.label != 1) {
        throw InputError((data / "dev.tsv").string(), "", "has a label that is neither 0 nor 1");
      }
    }
    const std::size_t drawn =
        static_cast<std::size_t>(options.examples) + static_cast<std::size_t>(options.queries);
    if (sentences_.size() / 2 < 2 * drawn) {
      throw InputError(
          (data / "dev.tsv").string(), "",
          fmt::format("has {} sentences, expected at least {}", sentences_.size(), 4 * drawn));
    }
    if (!weights_.config.causal()) {
      const std::filesystem::path file = data / "train_2000.tsv";
      head_ = task::fit_head(weights_, *tokenizer_, head_data(file), file.string()).head;
    }
  }

  Task task(std::size_t index, bool pilot) const {
    const std::string label = fmt::format("{} task {}", pilot ? "pilot" : "SST-2", index);
    const Sentences drawn = draw(index, pilot);
    task::EncodedPrompt prompt = task::encode(prompt_of(drawn), *tokenizer_, label);
    std::shared_ptr<const model::ScalarReadout<float>> readout;
    if (weights_.config.causal()) {
      readout = std::make_shared<readout::LabelExpectation<float>>(weights_, prompt.label_tokens,
                                                                   prompt.label_values);
    } else {
      readout = std::make_shared<readout::PooledHead<float>>(head_, weights_.config.width);
    }
    return {static_cast<double>(index), 0,
            ttt::PromptModel(weights_, std::move(prompt), std::move(readout), label)};
  }

 private:
  Sentences head_data(const std::filesystem::path& path) const {
    Sentences sentences = task::load_labelled_texts(path);
    const auto wanted = static_cast<std::size_t>(options_.head_sentences);
    if (wanted > sentences.size()) {
      throw InputError(path.string(), "",
                       fmt::format("has {} sentences, expected at least the {} asked for",
                                   sentences.size(), wanted));
    }
    if (wanted > 0) sentences.resize(wanted);
    return sentences;
  }

  bool is_wanted(const Sentences& drawn) const {
    const auto positive = std::count_if(drawn.begin(), drawn.begin() + options_.examples,
                                        [](const auto& sentence) { return sentence.label == 1; });
    if (options_.balanced) {
      return std::abs(static_cast<int>(2 * positive) - options_.examples) <= options_.examples % 2;
    }
    return positive > 0 && positive < options_.examples;
  }

  /// Examples with both labels, then queries; the pilot draws from the even lines of the file.
  Sentences draw(std::size_t index, bool pilot) const {
    Random random(options_.seed, index);
    std::vector<std::size_t> lines;
    for (std::size_t i = pilot ? 0 : 1; i < sentences_.size(); i += 2) lines.push_back(i);
    const auto examples = static_cast<std::size_t>(options_.examples);
    Sentences drawn;
    for (;;) {
      random.shuffle(lines);
      drawn.clear();
      for (std::size_t k = 0; k < examples + static_cast<std::size_t>(options_.queries); ++k) {
        drawn.push_back(sentences_[lines[k]]);
      }
      if (is_wanted(drawn)) return drawn;
    }
  }

  task::Prompt prompt_of(const Sentences& drawn) const {
    const auto examples = static_cast<std::size_t>(options_.examples);
    if (!weights_.config.causal()) {
      task::EncoderPrompt prompt;
      for (std::size_t k = 0; k < drawn.size(); ++k) {
        if (k < examples) {
          prompt.examples.push_back({drawn[k].text, drawn[k].label});
        } else {
          prompt.queries.push_back({drawn[k].text, drawn[k].label});
        }
      }
      return prompt;
    }
    task::DecoderPrompt prompt;
    // The space belongs to the label, as a byte-level tokenizer cuts it.
    prompt.pattern = {"Text: {x} Label:{y}\n", "Text: {x} Label:"};
    prompt.labels = {{" 0", 0.0}, {" 1", 1.0}};
    for (std::size_t k = 0; k < drawn.size(); ++k) {
      const std::string y = drawn[k].label == 0 ? " 0" : " 1";
      if (k < examples) {
        prompt.examples.push_back({drawn[k].text, y});
      } else {
        prompt.queries.push_back({drawn[k].text, y});
      }
    }
    return prompt;
  }

  model::Weights<float> weights_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  Sst2Options options_;
  Sentences sentences_;
  readout::LinearHead head_;
};

}  // namespace

Study sst2_study(const std::filesystem::path& model, const std::filesystem::path& data,
                 const Sst2Options& options) {
  const auto tasks = std::make_shared<Sst2Tasks>(model, data, options);
  Study study;
  study.settings =
      fmt::format("sst2, weights {:016x}, seed {}, examples {}{}, queries {}, head sentences {}",
                  weights_fingerprint(model), options.seed, options.examples,
                  options.balanced ? " balanced" : "", options.queries, options.head_sentences);
  study.task = [tasks](std::size_t index) { return tasks->task(index, false); };
  study.pilot_task = [tasks](std::size_t index) { return tasks->task(index, true); };
  return study;
}

}  // namespace sextant::reproduce
