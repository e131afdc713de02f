#pragma once

/// From files to a `PromptModel`.

#include <filesystem>
#include <optional>
#include <string>

#include "sextant/model/directory.hpp"
#include "sextant/task/prompt.hpp"
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
/// in them, and `ArgumentError` when the query does not exist or a head is not wanted, for a name
/// that is empty, and for a prompt and a table at once.
PromptModel load_prompt_model(const PromptModelFiles& files);

/// What goes with a prompt that is not a file.
struct PromptOptions {
  std::optional<std::filesystem::path> head = {};  ///< As in `PromptModelFiles`.
  std::optional<int> query = {};                   ///< Likewise.
  std::string label = "prompt";                    ///< What messages call the prompt.
};

/// The model in `directory` with a prompt that the caller has made, a decoder's or an encoder's.
/// Otherwise as above: what is wrong in the prompt is an `InputError` naming `options.label`.
PromptModel load_prompt_model(const std::filesystem::path& directory, const task::Prompt& prompt,
                              const PromptOptions& options = {});

/// A table as a prompt that is read already; see `TableFiles`.
struct PromptTable {
  io::CsvTable examples = {};
  std::optional<io::CsvTable> queries = {};  ///< With the same columns.
  task::TableColumns columns = {};
  task::RowSupervision supervision = {};
};

/// The model of rows in `directory` with a table that the caller has read, as above. Messages name
/// `table.examples.file`, and `options.label` is not used.
PromptModel load_prompt_model(const std::filesystem::path& directory, const PromptTable& table,
                              const PromptOptions& options = {});

}  // namespace sextant::ttt
