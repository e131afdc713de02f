#include "sextant/ttt/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <variant>

#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/readout/sentence_settings.hpp"
#include "sextant/task/token_check.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::ttt {

namespace {

/// Keeps queries first, ..., first + count - 1.
void keep_queries(task::EncodedPrompt& prompt, std::size_t first, std::size_t count) {
  const auto keep = [&](auto& values) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
    values = std::remove_reference_t<decltype(values)>(begin,
                                                       begin + static_cast<std::ptrdiff_t>(count));
  };
  keep(prompt.query_tokens);
  keep(prompt.query_targets);
  prompt.query_numbers.clear();
  for (std::size_t i = first; i < first + count; ++i) {
    prompt.query_numbers.push_back(static_cast<std::ptrdiff_t>(i));
  }
}

/// Keeps the query that is asked for, if one is; each query of the file is `scalars` of the prompt.
void keep_wanted(const std::optional<int>& query, const std::string& label, std::size_t scalars,
                 task::EncodedPrompt& prompt) {
  if (!query) return;
  const std::size_t queries = prompt.query_tokens.size() / scalars;
  const auto index = static_cast<std::size_t>(*query);
  if (*query < 0 || index >= queries) {
    throw ArgumentError("load_prompt_model", "query",
                        fmt::format("is {}, but {} has {} (numbered from 0)", *query, label,
                                    counted(queries, "query")));
  }
  keep_queries(prompt, index * scalars, scalars);
}

/// Every token of the prompt has a row in the embedding.
void check_tokens(const task::EncodedPrompt& prompt, const model::ModelConfig& config,
                  const tokenizer::Tokenizer& tokenizer, const std::string& label) {
  const auto check = [&](std::span<const int> tokens, const std::string& place) {
    task::check_tokens(tokens, config.vocabulary, tokenizer, label, place);
  };
  for (std::size_t i = 0; i < prompt.example_tokens.size(); ++i) {
    check(prompt.example_tokens[i], fmt::format("examples[{}]", i));
  }
  for (std::size_t i = 0; i < prompt.query_tokens.size(); ++i) {
    check(prompt.query_tokens[i], fmt::format("queries[{}]", i));
  }
  check(prompt.label_tokens, "labels");
}

/// The head, fitted on what the encoder's directory asks for.
readout::LinearHead encoder_head(const std::filesystem::path& file,
                                 const readout::SentenceSettings& settings, int width) {
  if (!std::filesystem::exists(file)) {
    throw InputError(file.string(), "",
                     "is missing: an encoder needs a head (`sextant fit-head` makes one)");
  }
  readout::LinearHead head = readout::read_head(file);
  if (head.weight.size() != width) {
    throw InputError(
        file.string(), "tensor \"weight\"",
        fmt::format("has {} entries, expected the model's width {}", head.weight.size(), width));
  }
  readout::check_pooling(head, file, settings.pooling, settings.source);
  return head;
}

void add_note(const std::string& note, model::Weights<float>& weights) {
  auto notes = std::make_shared<model::DirectoryNotes>(*weights.notes);
  notes->readings.push_back(note);
  weights.notes = std::move(notes);
}

PromptModel load_row_model(model::Weights<float> weights, const std::filesystem::path& directory,
                           const PromptTable& table, const PromptOptions& options) {
  const std::string& label = table.examples.file;
  check_prompt_kind(ModelKind::of_rows, weights.config, label);
  if (options.head) {
    throw ArgumentError("load_prompt_model", "head", "is for encoders; a row model has its own");
  }
  auto source = std::make_shared<task::ClassTable>(
      table.queries ? task::parse_class_tables(table.examples, *table.queries, table.columns)
                    : task::parse_class_table(table.examples, table.columns));
  const int limit = weights.config.features;
  const task::RowTask rows = task::row_task(*source, limit, weights.config.vocabulary);
  task::EncodedPrompt prompt = task::encode(rows, limit, table.supervision, label);
  prompt.source = std::move(source);
  keep_wanted(options.query, label, static_cast<std::size_t>(prompt.table->scalars), prompt);
  auto readout = std::make_shared<readout::ClassProbabilities<float>>(weights, rows.classes);
  ModelOrigin origin{.directory = directory};
  origin.read_rows = [examples = table.examples, columns = table.columns,
                      supervision = table.supervision, limit,
                      most = weights.config.vocabulary](const io::CsvTable& queries) {
    auto both =
        std::make_shared<task::ClassTable>(task::parse_class_tables(examples, queries, columns));
    task::EncodedPrompt encoded =
        task::encode(task::row_task(*both, limit, most), limit, supervision, queries.file);
    encoded.source = std::move(both);
    return encoded;
  };
  return {std::move(weights), std::move(prompt), std::move(readout), label, std::move(origin)};
}

PromptTable read_table(const TableFiles& files) {
  PromptTable table{
      io::read_csv(files.examples, files.format), {}, files.columns, files.supervision};
  if (!files.queries.empty()) table.queries = io::read_csv(files.queries, files.format);
  return table;
}

/// `texts` as the queries of `prompt`.
task::Prompt with_queries(task::Prompt prompt, const std::vector<std::string>& texts) {
  std::visit(
      [&](auto& kind) {
        kind.queries.clear();
        for (const std::string& text : texts) kind.queries.push_back({text, {}});
      },
      prompt);
  return prompt;
}

PromptModel load_text_model(model::Weights<float> weights, const std::filesystem::path& directory,
                            const task::Prompt& read, const PromptOptions& options) {
  const std::string& label = options.label;
  const bool is_decoder = std::holds_alternative<task::DecoderPrompt>(read);
  check_prompt_kind(is_decoder ? ModelKind::decoder : ModelKind::encoder, weights.config, label);
  tokenizer::TokenizerReading reading = tokenizer::read_tokenizer(directory);
  if (!reading.notes.empty()) add_note(reading.notes_line(), weights);
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer = std::move(reading.tokenizer);
  const auto context = static_cast<std::size_t>(weights.config.context);
  task::EncodedPrompt prompt = task::encode(read, *tokenizer, label, context);
  keep_wanted(options.query, label, 1, prompt);
  check_tokens(prompt, weights.config, *tokenizer, label);
  std::shared_ptr<const model::ScalarReadout<float>> readout;
  if (prompt.causal) {
    if (options.head) {
      throw ArgumentError("load_prompt_model", "head",
                          "is for encoders; a decoder's readout is its prompt's labels");
    }
    readout = std::make_shared<readout::LabelExpectation<float>>(weights, prompt.label_tokens,
                                                                 prompt.label_values);
  } else {
    const auto settings = readout::read_sentence_settings(directory, *tokenizer);
    for (const std::string& note : settings.notes) add_note(note, weights);
    const std::string long_texts =
        readout::long_texts_note(settings.max_length, prompt.example_tokens, prompt.query_tokens);
    if (!long_texts.empty()) add_note(fmt::format("{}: {}", label, long_texts), weights);
    const auto file = options.head.value_or(directory / "head.safetensors");
    readout = std::make_shared<readout::PooledHead<float>>(
        encoder_head(file, settings, weights.config.width), weights.config.width);
  }
  ModelOrigin origin{.directory = directory};
  origin.read_texts = [read, tokenizer, context,
                       config = weights.config](const std::vector<std::string>& texts) {
    task::EncodedPrompt encoded =
        task::encode(with_queries(read, texts), *tokenizer, "texts", context);
    check_tokens(encoded, config, *tokenizer, "texts");
    return encoded;
  };
  return {std::move(weights), std::move(prompt), std::move(readout), label, std::move(origin)};
}

}  // namespace

PromptModel load_prompt_model(const PromptModelFiles& files) {
  constexpr std::string_view here = "load_prompt_model";
  if (files.model.empty()) throw ArgumentError(here, "model", "is empty, expected a directory");
  if (files.table && !files.prompt.empty()) {
    throw ArgumentError(here, "prompt", "is given and table too, expected one of the two");
  }
  if (!files.table && files.prompt.empty()) {
    throw ArgumentError(here, "prompt", "is empty, expected a file's name, or a table");
  }
  if (files.table && files.table->examples.empty()) {
    throw ArgumentError(here, "table.examples", "is empty, expected a file's name");
  }
  if (files.head && files.head->empty()) {
    throw ArgumentError(here, "head", "is empty, expected a file's name");
  }
  model::Weights<float> weights = model::load_weights<float>(files.model);
  if (files.table) {
    return load_row_model(std::move(weights), files.model, read_table(*files.table),
                          {.head = files.head, .query = files.query});
  }
  return load_text_model(
      std::move(weights), files.model, task::load_prompt(files.prompt),
      {.head = files.head, .query = files.query, .label = files.prompt.string()});
}

PromptModel load_prompt_model(const std::filesystem::path& directory, const task::Prompt& prompt,
                              const PromptOptions& options) {
  return load_text_model(model::load_weights<float>(directory), directory, prompt, options);
}

PromptModel load_prompt_model(const std::filesystem::path& directory, const PromptTable& table,
                              const PromptOptions& options) {
  return load_row_model(model::load_weights<float>(directory), directory, table, options);
}

}  // namespace sextant::ttt
