#include "sextant/task/fit_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sextant/core/errors.hpp"
#include "sextant/model/finite_weights.hpp"
#include "sextant/readout/embedding.hpp"
#include "sextant/readout/sentence_settings.hpp"
#include "sextant/task/token_check.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::task {
namespace {

void check_data(const std::vector<LabelledText>& data, std::string_view file) {
  if (data.size() < readout::fewest_ridge_examples) {
    throw InputError(file, "",
                     fmt::format("has {} sentences, expected at least {}", data.size(),
                                 readout::fewest_ridge_examples));
  }
  const auto same = [&](const auto& one) { return one.label == data.front().label; };
  if (std::ranges::all_of(data, same)) {
    throw InputError(file, "",
                     fmt::format("all {} labels are {}, so there is nothing to fit", data.size(),
                                 data.front().label));
  }
}

std::vector<int> encode(const tokenizer::Tokenizer& tokenizer, const std::string& text, int context,
                        std::string_view file, std::size_t line) {
  const std::string place = fmt::format("line {}", line);
  std::vector<int> tokens;
  try {
    tokens = tokenizer.encode(text, true);
  } catch (const ArgumentError& error) {
    throw InputError(file, place, error.problem());
  }
  if (tokens.size() > static_cast<std::size_t>(context)) {
    throw InputError(
        file, place,
        fmt::format("has {} tokens, more than the model's context of {}", tokens.size(), context));
  }
  return tokens;
}

readout::RidgeFit fit(const model::Weights<float>& weights, const tokenizer::Tokenizer& tokenizer,
                      const readout::Pooling& pooling, const std::optional<int>& max_length,
                      const std::vector<LabelledText>& data, std::string_view file,
                      const std::function<void(std::size_t)>& on_progress) {
  constexpr std::size_t first_line = 2;  // after the header
  check_data(data, file);
  std::vector<std::vector<int>> sequences;
  Eigen::VectorXd targets(static_cast<Eigen::Index>(data.size()));
  for (std::size_t i = 0; i < data.size(); ++i) {
    sequences.push_back(
        encode(tokenizer, data[i].text, weights.config.context, file, i + first_line));
    check_tokens(sequences.back(), weights.config.vocabulary, tokenizer, file,
                 fmt::format("line {}", i + first_line));
    targets(static_cast<Eigen::Index>(i)) = data[i].label;
  }
  readout::RidgeFit fit =
      readout::fit_ridge(readout::embed(weights, sequences, pooling, on_progress), targets);
  fit.head.pooling = pooling;
  if (const std::string note = readout::long_texts_note(max_length, sequences); !note.empty()) {
    fit.warnings.push_back(file.empty() ? note : fmt::format("{}: {}", file, note));
  }
  return fit;
}

}  // namespace

readout::RidgeFit fit_head(const model::Weights<float>& weights,
                           const tokenizer::Tokenizer& tokenizer, const readout::Pooling& pooling,
                           const std::vector<LabelledText>& data, std::string_view file,
                           const std::function<void(std::size_t)>& on_progress) {
  return fit(weights, tokenizer, pooling, {}, data, file, on_progress);
}

SentenceEncoder load_sentence_encoder(const std::filesystem::path& directory) {
  SentenceEncoder encoder{.directory = directory, .weights = model::load_weights<float>(directory)};
  const model::ModelConfig& config = encoder.weights.config;
  if (config.reads_features()) {
    throw InputError(directory.string(), "config.json",
                     "is a model of rows or of series, which has a head of its own");
  }
  if (config.causal()) {
    throw InputError(directory.string(), "config.json",
                     "is a decoder; a head is fitted for an encoder, a decoder's readout is its "
                     "prompt's labels");
  }
  tokenizer::TokenizerReading reading = tokenizer::read_tokenizer(directory);
  const readout::SentenceSettings settings =
      readout::read_sentence_settings(directory, *reading.tokenizer);
  encoder.pooling = settings.pooling;
  encoder.max_length = settings.max_length;
  encoder.notes = *encoder.weights.notes;
  if (!reading.notes.empty()) encoder.notes.readings.push_back(reading.notes_line());
  encoder.notes.readings.insert(encoder.notes.readings.end(), settings.notes.begin(),
                                settings.notes.end());
  encoder.tokenizer = std::move(reading.tokenizer);
  return encoder;
}

readout::RidgeFit fit_head(const SentenceEncoder& encoder, const std::vector<LabelledText>& data,
                           std::string_view file,
                           const std::function<void(std::size_t)>& on_progress) {
  if (encoder.tokenizer == nullptr) throw ArgumentError("fit_head", "encoder.tokenizer", "is null");
  try {
    return fit(encoder.weights, *encoder.tokenizer, encoder.pooling, encoder.max_length, data, file,
               on_progress);
  } catch (const NumericalError&) {
    if (!encoder.directory.empty()) model::check_finite_weights(encoder.directory);
    throw;
  }
}

}  // namespace sextant::task
