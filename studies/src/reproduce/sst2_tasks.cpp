#include "sextant/studies/reproduce/sst2_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <variant>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/readout/sentence_settings.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/task/fit_head.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::studies::reproduce {
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
        file_((data / "dev.tsv").string()),
        sentences_(task::load_labelled_texts(data / "dev.tsv")) {
    check_sentences((data / "dev.tsv").string());
    if (!weights_.config.causal()) {
      const std::filesystem::path file = data / "train_2000.tsv";
      readout::check_lower_case(model, *tokenizer_);
      const auto pooling = readout::read_sentence_settings(model).pooling;
      head_ = task::fit_head(weights_, *tokenizer_, pooling, head_data(file), file.string()).head;
    }
  }

  /// What a head is fitted on; of a decoder the default, which it does not read.
  const readout::Pooling& pooling() const { return head_.pooling; }

  Task task(std::size_t index, bool pilot) const {
    const std::string label = fmt::format("{}: {}task {}", file_, pilot ? "pilot " : "", index);
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

  std::size_t examples() const { return static_cast<std::size_t>(options_.examples); }
  std::size_t queries() const { return static_cast<std::size_t>(options_.queries); }

  /// The pilot draws from the even lines of the file, the study from the odd ones.
  std::vector<std::size_t> half(bool pilot) const {
    std::vector<std::size_t> lines;
    for (std::size_t i = pilot ? 0 : 1; i < sentences_.size(); i += 2) lines.push_back(i);
    return lines;
  }

  /// Labels are 0 and 1, there are enough sentences, and either half has enough of each label.
  void check_sentences(const std::string& file) const {
    constexpr std::size_t first_line = 2;  // after the header
    for (std::size_t i = 0; i < sentences_.size(); ++i) {
      if (sentences_[i].label != 0 && sentences_[i].label != 1) {
        throw InputError(file, fmt::format("line {}", i + first_line),
                         fmt::format("has the label {}, expected 0 or 1", sentences_[i].label));
      }
    }
    const std::size_t wanted = 4 * (examples() + queries());
    if (sentences_.size() < wanted) {
      throw InputError(file, "",
                       fmt::format("has {} sentences, expected at least {}: four times the "
                                   "examples and queries of a task",
                                   sentences_.size(), wanted));
    }
    const std::size_t each = options_.balanced ? (examples() + 1) / 2 : 1;
    for (const bool pilot : {true, false}) {
      std::size_t counts[2] = {0, 0};
      for (const std::size_t line : half(pilot)) ++counts[sentences_[line].label == 1 ? 1 : 0];
      for (const int label : {0, 1}) {
        if (counts[label] < each) {
          throw InputError(
              file, "",
              fmt::format("has {} sentences with label {} in the half for {}, expected "
                          "at least {}",
                          counts[label], label, pilot ? "the pilot" : "the tasks", each));
        }
      }
    }
  }

  /// Examples, then queries.
  Sentences draw(std::size_t index, bool pilot) const {
    Random random(options_.seed, index);
    std::vector<std::size_t> lines = half(pilot);
    if (options_.balanced) {
      random.shuffle(lines);
      move_balanced_first(lines, random.below(2) == 0);
      return first_of(lines);
    }
    for (;;) {
      random.shuffle(lines);
      Sentences drawn = first_of(lines);
      const auto other = [&](const auto& sentence) { return sentence.label != drawn[0].label; };
      if (std::any_of(drawn.begin(), drawn.begin() + options_.examples, other)) return drawn;
    }
  }

  Sentences first_of(const std::vector<std::size_t>& lines) const {
    Sentences drawn;
    for (std::size_t k = 0; k < examples() + queries(); ++k) drawn.push_back(sentences_[lines[k]]);
    return drawn;
  }

  /// Reorders so that the first lines are examples with half of either label; the odd one is
  /// positive where `extra_positive`. The order is kept otherwise.
  void move_balanced_first(std::vector<std::size_t>& lines, bool extra_positive) const {
    std::size_t left[2] = {examples() / 2, examples() / 2};
    left[extra_positive ? 1 : 0] += examples() % 2;
    std::stable_partition(lines.begin(), lines.end(), [&](std::size_t line) {
      std::size_t& room = left[sentences_[line].label == 1 ? 1 : 0];
      if (room == 0) return false;
      --room;
      return true;
    });
  }

  task::Prompt prompt_of(const Sentences& drawn) const {
    if (!weights_.config.causal()) {
      task::EncoderPrompt prompt;
      for (std::size_t k = 0; k < drawn.size(); ++k) {
        if (k < examples()) {
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
      if (k < examples()) {
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
  std::string file_;
  Sentences sentences_;
  readout::LinearHead head_;
};

}  // namespace

Study sst2_study(const std::filesystem::path& model, const std::filesystem::path& data,
                 const Sst2Options& options) {
  const auto tasks = std::make_shared<Sst2Tasks>(model, data, options);
  Study study;
  study.settings = fmt::format(
      "sst2, model {:016x}, pooling {}, seed {}, examples {}{}, queries {}, head "
      "sentences {}",
      weights_fingerprint(model), pooling_name(tasks->pooling()), options.seed, options.examples,
      options.balanced ? " balanced" : "", options.queries, options.head_sentences);
  study.task = [tasks](std::size_t index) { return tasks->task(index, false); };
  study.pilot_task = [tasks](std::size_t index) { return tasks->task(index, true); };
  return study;
}

}  // namespace sextant::studies::reproduce
