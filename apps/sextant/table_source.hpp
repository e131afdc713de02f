#pragma once

/// Tables in place of prompts: their options, and what was read of them.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "sextant/report/table.hpp"
#include "sextant/task/class_table.hpp"

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

/// Adds to a command's JSON the key `table`, what was read of a table, and to its text how many
/// rows were read as what. Does nothing without a table.
void add_table(const task::ClassTable* table, report::OrderedJson& json, std::string& text);

/// Quantities of `table` for people: rows read as examples, as queries and not at all.
std::vector<std::pair<std::string, std::string>> row_counts(const task::ClassTable& table);

}  // namespace sextant::apps
