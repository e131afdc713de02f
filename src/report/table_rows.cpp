#include "sextant/report/table_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sextant/core/wording.hpp"
#include "sextant/task/row_prompt.hpp"

namespace sextant::report {
namespace {

constexpr std::string_view rows_title = "Rows of the table";
constexpr std::string_view classes_title = "Most probable class of each row";
constexpr std::size_t most_rows = 40;

std::vector<std::size_t> lines_of(const task::ClassTable& table, const std::vector<int>& rows) {
  std::vector<std::size_t> lines;
  for (const int row : rows) lines.push_back(table.lines.at(static_cast<std::size_t>(row)));
  return lines;
}

/// The first of some names or numbers, and how many more there are.
template <class Values>
std::string first_of(const Values& values) {
  constexpr std::size_t most = 12;
  const std::size_t shown = std::min(most, values.size());
  const std::string list = fmt::format(
      "{}", fmt::join(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return shown == values.size() ? list : fmt::format("{} and {} more", list, values.size() - shown);
}

/// " In t.csv: lines 2, 3.", or nothing where some row has no line.
std::string lines_fact(const std::string& file, const std::vector<std::size_t>& lines) {
  if (std::ranges::find(lines, std::size_t{0}) != lines.end()) return {};
  return fmt::format(" In {}: {} {}.", file, noun_for(lines.size(), "line"), first_of(lines));
}

/// "Examples 0 to 23 are 8 rows x 3 classes: 24 residuals", or "Query 0 is 1 row: 1 prediction" of
/// two classes, and of which lines.
std::string rows_fact(std::string_view what, std::ptrdiff_t first, std::size_t count,
                      const std::string& rows, std::string_view noun, const task::ClassTable& table,
                      const std::string& file, const std::vector<int>& numbers) {
  const bool two = table.classes.size() == 2;
  const std::string span = count == 1 ? fmt::format("{} is", first)
                                      : fmt::format("{} to {} are", first,
                                                    first + static_cast<std::ptrdiff_t>(count) - 1);
  const std::string classes =
      two ? fmt::format("{}of the probability of the class {} (the rest is that of {})",
                        count == 1 ? "" : "one per row, ", table.classes[1], table.classes[0])
          : fmt::format("for each row those of {} in turn", first_of(table.classes));
  const std::string times = two ? "" : fmt::format(" x {} classes", table.classes.size());
  return fmt::format("{} {} {}{}: {}, {}.{}", what, span, rows, times, counted(count, noun),
                     classes, lines_fact(file, lines_of(table, numbers)));
}

std::string name_of(const std::optional<ttt::ProbableClass>& found) {
  return found ? found->name : std::string();
}

double probability_of(const std::optional<ttt::ProbableClass>& found) {
  return found ? found->probability : missing_cell;
}

OrderedJson class_json(const std::optional<ttt::ProbableClass>& found) {
  if (!found) return nullptr;
  return {{"class", found->name}, {"probability", found->probability}};
}

OrderedJson lines_json(const std::vector<std::size_t>& lines) {
  OrderedJson json = OrderedJson::array();
  for (const std::size_t line : lines) {
    json.push_back(line == 0 ? OrderedJson() : OrderedJson(line));
  }
  return json;
}

bool predicts_rows(const task::EncodedPrompt& prompt, const ttt::Adaptation* adaptation) {
  return prompt.source != nullptr && adaptation != nullptr && !adaptation->queries.empty();
}

}  // namespace

std::string row_counts(const task::ClassTable& table) {
  return fmt::format("{} read as examples, {} as queries, {} not at all; labels: column \"{}\"",
                     table.examples.size(), table.queries.size(), table.unread, table.label);
}

std::vector<std::string> row_facts(const task::EncodedPrompt& prompt) {
  if (prompt.source == nullptr) return {};
  const task::ClassTable& table = *prompt.source;
  const task::PromptRows rows = task::prompt_rows(prompt);
  const std::size_t labelled = table.examples.size();
  std::vector<std::string> facts{rows_fact(
      "Examples", 0, prompt.example_tokens.size(),
      rows.examples.size() == labelled
          ? counted(labelled, "row")
          : fmt::format("{} of {}", rows.examples.size(), counted(labelled, "labelled row")),
      "residual", table, table.file, rows.examples)};
  if (rows.queries.empty()) return facts;
  const std::ptrdiff_t first = prompt.query_numbers.empty() ? 0 : prompt.query_numbers.front();
  facts.push_back(rows_fact(
      rows.queries.size() * static_cast<std::size_t>(rows.scalars) == 1 ? "Query" : "Queries",
      first, prompt.query_tokens.size(), counted(rows.queries.size(), "row"), "prediction", table,
      table.query_file, rows.queries));
  return facts;
}

Table row_prediction_table(const std::vector<ttt::RowPrediction>& rows) {
  using ttt::RowPrediction;
  Table table;
  table.numbers_of("row", rows, &RowPrediction::row);
  table.text_of("before", rows, [](const RowPrediction& row) { return name_of(row.base); });
  table.numbers_of(
      "P before", rows, [](const RowPrediction& row) { return probability_of(row.base); }, 3);
  table.text_of("after", rows, [](const RowPrediction& row) { return name_of(row.adapted); });
  table.numbers_of(
      "P after", rows, [](const RowPrediction& row) { return probability_of(row.adapted); }, 3);
  if (std::ranges::any_of(rows,
                          [](const RowPrediction& row) { return row.known_class.has_value(); })) {
    table.text_of("known", rows,
                  [](const RowPrediction& row) { return row.known_class.value_or(""); });
  }
  return table;
}

std::string table_rows_text(const task::EncodedPrompt& prompt, const ttt::Adaptation* adaptation,
                            const TerminalStyle& style) {
  if (prompt.source == nullptr) return {};
  std::string text;
  if (predicts_rows(prompt, adaptation)) {
    text +=
        titled(classes_title,
               to_terminal(row_prediction_table(ttt::row_predictions(*prompt.source, *adaptation)),
                           style, most_rows),
               style);
  }
  return text + "\n" +
         wrap(printable(fmt::format("{}: {}", rows_title, row_counts(*prompt.source))),
              style.width) +
         "\n" + list(row_facts(prompt), style);
}

void add_table_rows(HtmlReport& report, const task::EncodedPrompt& prompt,
                    const ttt::Adaptation* adaptation) {
  if (prompt.source == nullptr) return;
  if (predicts_rows(prompt, adaptation)) {
    report.section(classes_title);
    report.table(row_prediction_table(ttt::row_predictions(*prompt.source, *adaptation)),
                 "The class with the largest probability P, before and after the update");
  }
  report.section(rows_title);
  std::vector<std::string> facts = row_facts(prompt);
  facts.insert(facts.begin(), row_counts(*prompt.source) + ".");
  report.list(facts);
}

OrderedJson to_json(const task::ClassTable& table) {
  return {{"label", table.label},
          {"classes", table.classes},
          {"examples", table.examples.size()},
          {"queries", table.queries.size()},
          {"unread", table.unread},
          {"unused_columns", table.unused},
          {"notes", table.notes}};
}

OrderedJson table_rows_json(const task::EncodedPrompt& prompt) {
  if (prompt.source == nullptr) return nullptr;
  const task::PromptRows rows = task::prompt_rows(prompt);
  OrderedJson json = to_json(*prompt.source);
  json["residuals"] = prompt.example_tokens.size();
  json["predictions"] = prompt.query_tokens.size();
  json["example_lines"] = lines_json(lines_of(*prompt.source, rows.examples));
  json["query_lines"] = lines_json(lines_of(*prompt.source, rows.queries));
  return json;
}

OrderedJson to_json(const std::vector<ttt::RowPrediction>& rows) {
  OrderedJson json = OrderedJson::array();
  for (const ttt::RowPrediction& row : rows) {
    json.push_back({{"row", row.row},
                    {"base", class_json(row.base)},
                    {"adapted", class_json(row.adapted)},
                    {"known", row.known_class ? OrderedJson(*row.known_class) : OrderedJson()}});
  }
  return json;
}

}  // namespace sextant::report
