#pragma once

/// From files to a `PromptModel`.

#include <filesystem>
#include <optional>

#include "sextant/task/row_prompt.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// A table as a prompt.
struct TableFiles {
  std::filesystem::path examples =
      {};  ///< CSV; without `queries`, rows without a label are queries.
  std::filesystem::path queries = {};  ///< CSV with the same columns; may be empty.
  task::TableColumns columns = {};
  io::CsvOptions format = {};  ///< Of both files.
  task::RowSupervision supervision = {};
};

/// The files that make a `PromptModel`.
struct PromptModelFiles {
  std::filesystem::path model = {};   ///< Directory.
  std::filesystem::path prompt = {};  ///< JSON; empty with a table.
  std::optional<TableFiles> table = {};
  /// An encoder's head, by default head.safetensors in the model's directory; wrong for decoders.
  std::optional<std::filesystem::path> head = {};
  std::optional<int> query =
      {};  ///< Keep only this query; of a table this row, with all its scalars.
};

/// Reads model, tokenizer, prompt and head, or model and table (which need no tokenizer and no
/// head: the readout is `readout::ClassProbabilities`). An encoder's texts are pooled as its
/// directory asks (`readout::read_sentence_settings`). What was read otherwise than a file may have
/// meant, and what is not used, is in `weights().notes`. Throws `InputError` for whatever is wrong
/// in them, and `ArgumentError` when the query does not exist or a head is missing or not wanted.
PromptModel load_prompt_model(const PromptModelFiles& files);

}  // namespace sextant::ttt
