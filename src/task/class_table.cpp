#include "sextant/task/class_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "category_names.hpp"
#include "cells.hpp"
#include "class_notes.hpp"
#include "feature_column.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"
#include "sextant/core/wording.hpp"
#include "table_header.hpp"

namespace sextant::task {
namespace {

using Eigen::Index;

/// A file and, of each column of the examples' file, its place in it; the label's may be absent.
struct Part {
  const io::CsvTable* csv;
  std::vector<std::optional<std::size_t>> places;
};

/// A sentence on a file; on a table that no file holds, the sentence.
std::string about(const std::string& file, const std::string& sentence) {
  return file.empty() ? sentence : file + ": " + sentence;
}

std::string name_of(const io::CsvTable& csv, const std::string& without = "the examples") {
  return csv.file.empty() ? without : csv.file;
}

/// Why a table has one column: what separates its cells, as far as the header shows it.
std::string cause_of_one_column(const io::CsvTable& csv) {
  for (const char other : {',', ';', '\t', '|', ':', '^', '~'}) {
    if (csv.header.front().find(other) == std::string::npos) continue;
    return fmt::format(
        "are cells separated by {} (then name the delimiter), or whole lines in quotes?",
        io::delimiter_name(other));
  }
  return fmt::format("cells are separated by {}; name the delimiter if it is another",
                     io::delimiter_name(csv.delimiter));
}

/// One or two files as one list of rows.
class Reader {
 public:
  Reader(const io::CsvTable& examples, const io::CsvTable* queries, const TableColumns& columns)
      : label_(find_label(examples, columns)) {
    std::vector<std::optional<std::size_t>> own;
    for (std::size_t c = 0; c < examples.header.size(); ++c) own.emplace_back(c);
    parts_.push_back({&examples, std::move(own)});
    for (const std::string& name : columns.categorical) {
      categorical_.insert(examples.column(name));
    }
    table_.file = examples.file;
    table_.query_file = queries == nullptr ? examples.file : queries->file;
    table_.label = examples.header[label_];
    table_.notes = examples.notes;
    note_header(columns);
    if (queries != nullptr) add_queries(*queries);
  }

  ClassTable read() {
    read_labels();
    const auto count = static_cast<Index>(table_.labels.size());
    const std::size_t width = parts_.front().csv->header.size();
    table_.columns = Eigen::MatrixXd::Constant(count, static_cast<Index>(width) - 1,
                                               std::numeric_limits<double>::quiet_NaN());
    ColumnNotes notes;
    const DecimalMark mark = find_decimal_mark();
    for (std::size_t c = 0; c < width; ++c) {
      if (c != label_) read_column(c, mark, notes);
    }
    for (const auto& [of_queries, text] : notes.text()) {
      table_.notes.push_back(about(of_queries ? table_.query_file : table_.file, text));
    }
    if (!table_.examples.empty() &&
        notes.constant.size() + notes.empty.size() == table_.names.size()) {
      note(
          "no column differs between the labelled rows, so that every query is predicted from the "
          "labels alone");
    }
    table_.unused.insert(table_.unused.end(), notes.constant.begin(), notes.constant.end());
    table_.unused.insert(table_.unused.end(), notes.empty.begin(), notes.empty.end());
    return std::move(table_);
  }

 private:
  static std::size_t find_label(const io::CsvTable& csv, const TableColumns& columns) {
    const std::size_t last = csv.header.size() - 1;
    if (csv.header.size() < 2) {
      throw InputError(csv.file, csv.header_place(),
                       fmt::format("has the label's column alone ({}), expected others; {}",
                                   io::quoted_cell(csv.header.front()), cause_of_one_column(csv)));
    }
    const bool known =
        columns.label.empty() || std::ranges::find(csv.header, columns.label) != csv.header.end();
    if (!known && first_line(csv, last) != FirstLine::names) {
      throw InputError(csv.file, csv.header_place(),
                       fmt::format("has no column \"{}\" and looks like a row; {}", columns.label,
                                   header_advice));
    }
    return columns.label.empty() ? last : csv.column(columns.label);
  }

  void note(const std::string& sentence) { table_.notes.push_back(about(table_.file, sentence)); }

  void note_header(const TableColumns& columns) {
    const io::CsvTable& csv = *parts_.front().csv;
    const FirstLine first = columns.label.empty() ? first_line(csv, label_) : FirstLine::names;
    if (first == FirstLine::row) {
      throw InputError(csv.file, csv.header_place(),
                       fmt::format("looks like a row, not like names of columns ({}); {}",
                                   listed(csv.header, 4), header_advice));
    }
    if (first == FirstLine::doubtful) {
      note(fmt::format("{} is read as names of columns, although some are {}; {}",
                       csv.header_place(), doubtful_names(csv, label_), header_advice));
    }
  }

  void add_queries(const io::CsvTable& csv) {
    const io::CsvTable& examples = *parts_.front().csv;
    Part part{&csv, {}};
    std::vector<std::string> absent;
    for (std::size_t c = 0; c < examples.header.size(); ++c) {
      const auto found = std::ranges::find(csv.header, examples.header[c]);
      const bool known = found != csv.header.end();
      part.places.push_back(
          known ? std::optional(static_cast<std::size_t>(found - csv.header.begin()))
                : std::nullopt);
      if (!known && c != label_) absent.push_back(examples.header[c]);
    }
    std::vector<std::string> surplus;
    for (const std::string& name : csv.header) {
      if (std::ranges::find(examples.header, name) == examples.header.end()) {
        surplus.push_back(name);
      }
    }
    if (!absent.empty()) {
      const auto likely = likely_names(absent.front(), surplus);
      const bool none = surplus.size() == csv.header.size();
      throw InputError(
          csv.file, csv.header_place(),
          fmt::format("lacks the column{} {} of {}{}{}", absent.size() == 1 ? "" : "s",
                      listed(absent), name_of(examples),
                      likely.empty() ? "" : fmt::format("; is its {} meant?", listed(likely)),
                      likely.empty() && none && csv.header_kind != io::Header::absent
                          ? "; is this line a header, with cells separated by " +
                                io::delimiter_name(csv.delimiter) + "?"
                          : ""));
    }
    table_.notes.insert(table_.notes.end(), csv.notes.begin(), csv.notes.end());
    if (!surplus.empty()) {
      table_.notes.push_back(about(csv.file, fmt::format("not used, since {} lacks them: {}",
                                                         name_of(examples), listed(surplus))));
      table_.unused = surplus;
    }
    parts_.push_back(std::move(part));
  }

  /// Reads which rows are what.
  void read_labels() {
    std::vector<std::string_view> texts;
    std::vector<RowPlace> labelled;
    Tally unlabelled;
    for (const Part& part : parts_) {
      const bool of_examples = &part == &parts_.front();
      for (std::size_t row = 0; row < part.csv->rows.size(); ++row) {
        const int all = static_cast<int>(table_.labels.size());
        table_.labels.push_back(-1);
        table_.lines.push_back(part.csv->rows[row].front().line);
        const auto place = part.places[label_];
        const RowPlace cell{part.csv, row, place.value_or(0)};
        const std::string_view text = place ? cell.text() : std::string_view();
        all_.push_back(cell);
        label_texts_.push_back(text);
        if (of_examples && !text.empty()) {
          table_.examples.push_back(all);
          labelled.push_back(cell);
          texts.push_back(text);
        } else if (!of_examples || parts_.size() == 1) {
          table_.queries.push_back(all);
        } else {
          unlabelled.add(part.csv->place(row));
        }
      }
      note_blank_rows(*part.csv);
    }
    if (unlabelled.count > 0) {
      table_.unread += static_cast<int>(unlabelled.count);
      note(fmt::format("{} without a label {} not read, first in {}: the queries come from {}",
                       counted(unlabelled.count, "row"), unlabelled.count == 1 ? "is" : "are",
                       unlabelled.first, name_of(*parts_.back().csv, "the table of queries")));
    }
    const Names classes(texts);
    table_.classes = classes.names();
    for (const std::string& sentence : class_notes(classes, labelled)) note(sentence);
    Tally strange;
    for (std::size_t i = 0; i < label_texts_.size(); ++i) {
      if (label_texts_[i].empty()) continue;
      table_.labels[i] = classes.find(label_texts_[i]);
      if (table_.labels[i] < 0) strange.add(all_[i].quoted());
    }
    if (strange.count > 0) {
      table_.notes.push_back(
          about(parts_.back().csv->file,
                fmt::format("{} {} no class of the examples and count{} as unknown, first {}",
                            counted(strange.count, "label"), strange.count == 1 ? "is" : "are",
                            strange.count == 1 ? "s" : "", strange.first)));
    }
  }

  void note_blank_rows(const io::CsvTable& csv) {
    if (csv.blank_rows == 0) return;
    table_.unread += static_cast<int>(csv.blank_rows);
    table_.notes.push_back(fmt::format("{}: {} of empty cells alone {} not read, first in line {}",
                                       csv.file, counted(csv.blank_rows, "row"),
                                       csv.blank_rows == 1 ? "is" : "are", csv.first_blank_row));
  }

  /// The cells of a column in these rows.
  std::vector<RowPlace> cells(std::size_t column, const std::vector<int>& numbers) const {
    std::vector<RowPlace> result;
    for (const int number : numbers) {
      RowPlace cell = all_[static_cast<std::size_t>(number)];
      const bool of_examples = cell.file == parts_.front().csv;
      cell.column = *(of_examples ? parts_.front() : parts_.back()).places[column];
      result.push_back(cell);
    }
    return result;
  }

  /// What the columns of the examples say of the decimal mark: that which is surest.
  DecimalMark find_decimal_mark() const {
    DecimalMark mark = DecimalMark::unknown;
    if (table_.examples.empty()) return mark;
    for (std::size_t c = 0; c < parts_.front().csv->header.size(); ++c) {
      if (c == label_ || categorical_.contains(c)) continue;
      mark = std::max(mark, decimal_mark(cells(c, table_.examples)));
    }
    return mark;
  }

  void read_column(std::size_t column, DecimalMark mark, ColumnNotes& notes) {
    const std::string& name = parts_.front().csv->header[column];
    const auto to = static_cast<Index>(table_.names.size());
    table_.names.push_back(name);
    if (table_.examples.empty()) {  // nothing to decide by; `row_task` refuses such a table
      table_.categories.push_back(0);
      return;
    }
    const FeatureColumn read =
        read_feature_column(name, categorical_.contains(column), mark,
                            cells(column, table_.examples), cells(column, table_.queries), notes);
    Index i = 0;
    for (const auto* numbers : {&table_.examples, &table_.queries}) {
      for (const int row : *numbers) table_.columns(row, to) = read.values(i++);
    }
    table_.categories.push_back(read.categories);
  }

  static constexpr std::string_view header_advice =
      "write a header, or say whether the first line is one (header: yes or no)";

  std::size_t label_;
  std::vector<Part> parts_;
  std::set<std::size_t> categorical_;
  std::vector<RowPlace> all_;
  std::vector<std::string_view> label_texts_;  ///< [R]
  ClassTable table_;
};

/// Throws `ArgumentError` for what no file can be: a table that a program made may be anything.
void check_table(const io::CsvTable& csv, std::string_view function, std::string_view argument) {
  const auto fail = [&](const std::string& problem) {
    throw ArgumentError(function, argument, problem);
  };
  if (csv.header.empty()) fail("has no columns (header), expected their names");
  std::set<std::string_view> names;
  for (const std::string& name : csv.header) {
    if (name.empty()) fail("has an empty name in its header");
    if (!names.insert(name).second) {
      fail(fmt::format("has the column name {} twice, expected distinct names",
                       io::quoted_cell(name)));
    }
  }
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    const auto& cells = csv.rows[row];
    if (cells.size() != csv.header.size()) {
      fail(fmt::format("has {} in rows[{}], expected {} as in the header",
                       counted(cells.size(), "cell"), row, csv.header.size()));
    }
    if (std::ranges::all_of(cells, [](const io::CsvCell& cell) { return cell.text.empty(); })) {
      fail(
          fmt::format("has empty cells alone in rows[{}], expected no such row: leave it out, as "
                      "`io::parse_csv` does",
                      row));
    }
  }
}

/// Columns that a column of this many categories takes with an indicator each.
int indicator_count(int categories) { return categories == 2 ? 1 : std::max(1, categories); }

}  // namespace

ClassTable parse_class_table(const io::CsvTable& csv, const TableColumns& columns) {
  check_table(csv, "parse_class_table", "csv");
  return Reader(csv, nullptr, columns).read();
}

ClassTable parse_class_tables(const io::CsvTable& examples, const io::CsvTable& queries,
                              const TableColumns& columns) {
  check_table(examples, "parse_class_tables", "examples");
  check_table(queries, "parse_class_tables", "queries");
  return Reader(examples, &queries, columns).read();
}

Eigen::MatrixXd coded_columns(const ClassTable& table, int limit) {
  std::vector<int> widths;
  int total = 0;
  for (const int categories : table.categories) {
    widths.push_back(categories > most_indicators ? 1 : indicator_count(categories));
    total += widths.back();
  }
  while (total > limit) {
    const auto widest = std::ranges::max_element(widths);
    if (widest == widths.end() || *widest == 1) {
      throw InputError(table.file, "",
                       fmt::format("has {} columns beside the label, the model reads at most {}",
                                   table.names.size(), limit));
    }
    total -= *widest - 1;
    *widest = 1;
  }
  Eigen::MatrixXd coded(table.columns.rows(), total);
  Index to = 0;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    const auto column = table.columns.col(static_cast<Index>(c));
    if (widths[c] == 1) {  // numbers, two categories, or indices of many
      coded.col(to++) = column;
      continue;
    }
    for (int k = 0; k < widths[c]; ++k) {
      coded.col(to++) = column.unaryExpr([k](double value) {
        return std::isnan(value) ? value : value == k ? 1.0 : 0.0;
      });
    }
  }
  return coded;
}

}  // namespace sextant::task
