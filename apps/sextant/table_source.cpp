#include "table_source.hpp"

#include "options.hpp"
#include "sextant/report/table_rows.hpp"
#include "sextant/ttt/row_predictions.hpp"

namespace sextant::apps {
namespace {

/// Whether --delimiter can be this, for CLI11: the problem, or nothing.
std::string delimiter_problem(const std::string& text) {
  constexpr std::string_view characters = "\t,;|:!#$%&'*+-./<=>?@\\^_`~(){}[]";
  const bool known =
      text == "tab" || (text.size() == 1 && characters.find(text[0]) != std::string_view::npos);
  return known ? std::string() : "\"" + text + "\" is neither tab nor a character such as , ; |";
}

}  // namespace

bool TableOptions::any() const {
  return !(label.empty() && categorical.empty() && delimiter.empty() && header.empty());
}

void add_table_options(CLI::App& command, TableOptions& options) {
  command.add_option("--label", options.label,
                     "Column of a table with the class (default: the last)");
  command.add_option("--categorical", options.categorical,
                     "Columns of a table whose numbers are codes, a,b,c; text is one anyway");
  command
      .add_option("--delimiter", options.delimiter,
                  "What separates a table's cells: tab or a character (default: , ; tab or |, by "
                  "its header)")
      ->check(CLI::Validator(delimiter_problem, ""));
  command
      .add_option(
          "--header", options.header,
          "Whether a table's first line names its columns, yes or no (no: they are column1, "
          "column2, ...); default: yes, unless it looks like a row")
      ->check(CLI::IsMember({"yes", "no"}));
}

task::TableColumns table_columns(const TableOptions& options) {
  task::TableColumns columns;
  columns.label = options.label;
  if (!options.categorical.empty()) {
    columns.categorical = parse_names(options.categorical, "--categorical");
  }
  return columns;
}

io::CsvOptions table_format(const TableOptions& options) {
  io::CsvOptions format;
  if (!options.delimiter.empty()) {
    format.delimiter = options.delimiter == "tab" ? '\t' : options.delimiter.front();
  }
  if (!options.header.empty()) {
    format.header = options.header == "yes" ? io::Header::given : io::Header::absent;
  }
  return format;
}

void add_table(const task::EncodedPrompt* prompt, const ttt::Adaptation* adaptation,
               report::OrderedJson& json, std::string& text) {
  if (prompt == nullptr || prompt->source == nullptr) return;
  if (adaptation != nullptr && !adaptation->queries.empty()) {
    json["rows"] = report::to_json(ttt::row_predictions(*prompt->source, *adaptation));
  }
  json["table"] = report::table_rows_json(*prompt);
  text += report::table_rows_text(*prompt, adaptation, report::terminal_style(1));
}

}  // namespace sextant::apps
