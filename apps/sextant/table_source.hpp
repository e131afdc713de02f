#pragma once

/// Tables in place of prompts: their options, and what was read of them.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "sextant/report/table.hpp"
#include "sextant/task/class_table.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::apps {

struct TableOptions {
  std::string label;        ///< Column; empty: the last.
  std::string categorical;  ///< Names of columns, a,b,c.
  std::string delimiter;    ///< One character or tab; empty: by the header.
  std::string header;       ///< yes, no; empty: yes, if it can be one.

  bool any() const;
};

/// Adds --label, --categorical, --delimiter and --header.
void add_table_options(CLI::App& command, TableOptions& options);
/// Throws `UsageError` for an empty name.
task::TableColumns table_columns(const TableOptions& options);
io::CsvOptions table_format(const TableOptions& options);

/// Where `prompt` is that of a table, adds to a command's JSON the keys `table`, what was read, and
/// with an adaptation that has queries `rows`, their most probable classes; and to its text the
/// same. Either may be null.
void add_table(const task::EncodedPrompt* prompt, const ttt::Adaptation* adaptation,
               report::OrderedJson& json, std::string& text);

}  // namespace sextant::apps
