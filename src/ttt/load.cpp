#include "sextant/ttt/load.hpp"

#include <fmt/format.h>

#include <variant>

#include "sextant/core/errors.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
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
void keep_wanted(const PromptModelFiles& files, const std::string& label, std::size_t scalars,
                 task::EncodedPrompt& prompt) {
  if (!files.query) return;
  const std::size_t queries = prompt.query_tokens.size() / scalars;
  const auto index = static_cast<std::size_t>(*files.query);
  if (*files.query < 0 || index >= queries) {
    throw ArgumentError("load_prompt_model", "query",
                        fmt::format("is {}, but {} has {} queries (numbered from 0)", *files.query,
                                    label, queries));
  }
  keep_queries(prompt, index * scalars, scalars);
}

PromptModel load_table_model(const PromptModelFiles& files) {
  const TableFiles& table = *files.table;
  const std::string label = table.examples.string();
  model::Weights<float> weights = model::load_weights<float>(files.model);
  const io::CsvTable examples = io::read_csv(table.examples, table.format);
  check_prompt_kind(model::Family::rows, weights.config, label);
  if (files.head) {
    throw ArgumentError("load_prompt_model", "head", "is for encoders; a row model has its own");
  }
  auto source = std::make_shared<task::ClassTable>(
      table.queries.empty()
          ? task::parse_class_table(examples, table.columns)
          : task::parse_class_tables(examples, io::read_csv(table.queries, table.format),
                                     table.columns));
  const int limit = weights.config.features;
  const task::RowTask rows = task::row_task(*source, limit, weights.config.vocabulary);
  task::EncodedPrompt prompt = task::encode(rows, limit, table.supervision, label);
  prompt.source = std::move(source);
  keep_wanted(files, label, static_cast<std::size_t>(prompt.table->scalars), prompt);
  auto readout = std::make_shared<readout::ClassProbabilities<float>>(weights, rows.classes);
  return {std::move(weights), std::move(prompt), std::move(readout), label};
}

}  // namespace

PromptModel load_prompt_model(const PromptModelFiles& files) {
  if (files.table) return load_table_model(files);
  const std::string label = files.prompt.string();
  model::Weights<float> weights = model::load_weights<float>(files.model);
  const task::Prompt read = task::load_prompt(files.prompt);
  const bool is_decoder = std::holds_alternative<task::DecoderPrompt>(read);
  check_prompt_kind(is_decoder ? model::Family::gpt2 : model::Family::bert, weights.config, label);
  const auto tokenizer = tokenizer::load_tokenizer(files.model);
  task::EncodedPrompt prompt =
      task::encode(read, *tokenizer, label, static_cast<std::size_t>(weights.config.context));
  keep_wanted(files, label, 1, prompt);
  std::shared_ptr<const model::ScalarReadout<float>> readout;
  if (prompt.causal) {
    if (files.head) {
      throw ArgumentError("load_prompt_model", "head",
                          "is for encoders; a decoder's readout is its prompt's labels");
    }
    readout = std::make_shared<readout::LabelExpectation<float>>(weights, prompt.label_tokens,
                                                                 prompt.label_values);
  } else {
    const auto head = files.head.value_or(files.model / "head.safetensors");
    if (!std::filesystem::exists(head)) {
      throw InputError(head.string(), "",
                       "is missing: an encoder needs a head (`sextant fit-head` makes one)");
    }
    const readout::LinearHead linear = readout::read_head(head);
    if (linear.weight.size() != weights.config.width) {
      throw InputError(head.string(), "tensor \"weight\"",
                       fmt::format("has {} entries, expected the model's width {}",
                                   linear.weight.size(), weights.config.width));
    }
    readout = std::make_shared<readout::PooledHead<float>>(linear, weights.config.width);
  }
  return {std::move(weights), std::move(prompt), std::move(readout), label};
}

}  // namespace sextant::ttt
