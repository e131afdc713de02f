#include "sextant/task/class_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "sextant/core/errors.hpp"

namespace sextant::task {
namespace {

using Eigen::Index;

bool is_missing(std::string_view text) {
  constexpr std::array<std::string_view, 7> words = {"", "na", "n/a", "nan", "null", "none", "?"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(words, lower) != words.end();
}

/// The number that the whole text is, infinite where it is too large or says so.
std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return {};
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(std::string(text).c_str(), nullptr);  // 0 or infinite
  }
  return value;
}

/// Every text that is not missing, sorted: by value where all are numbers.
std::vector<std::string> sorted_categories(const std::set<std::string>& texts) {
  std::vector<std::string> result(texts.begin(), texts.end());
  const bool numbers = std::ranges::all_of(
      result, [](const std::string& text) { return parse_number(text).has_value(); });
  if (numbers) {
    std::ranges::stable_sort(result, {},
                             [](const std::string& text) { return parse_number(text).value(); });
  }
  return result;
}

/// One or two files as one list of rows.
class Reader {
 public:
  Reader(std::vector<const io::CsvTable*> parts, const TableColumns& columns)
      : parts_(std::move(parts)), label_(label_column(columns)) {
    for (const std::string& name : columns.categorical) {
      categorical_.insert(parts_.front()->column(name));
    }
  }

  ClassTable read() {
    ClassTable table;
    table.file = parts_.front()->file;
    Index rows = 0;
    for (const auto* part : parts_) rows += static_cast<Index>(part->rows.size());
    const std::size_t width = parts_.front()->header.size();
    if (width < 2) {
      throw InputError(table.file, "line 1", "has the label's column alone, expected others");
    }
    table.columns.resize(rows, static_cast<Index>(width) - 1);
    for (std::size_t c = 0; c < width; ++c) {
      if (c == label_) continue;
      read_column(c, static_cast<Index>(table.names.size()), table);
    }
    read_labels(table);
    return table;
  }

 private:
  std::size_t label_column(const TableColumns& columns) const {
    const io::CsvTable& first = *parts_.front();
    return columns.label.empty() ? first.header.size() - 1 : first.column(columns.label);
  }

  /// Calls visit(part, row in the part, row of all, text) for each cell that is not missing.
  template <class Visit>
  void for_each(std::size_t column, const Visit& visit) const {
    Index all = 0;
    for (const auto* part : parts_) {
      for (std::size_t row = 0; row < part->rows.size(); ++row, ++all) {
        const std::string& text = part->rows[row][column].text;
        if (!is_missing(text)) visit(*part, row, all, text);
      }
    }
  }

  std::set<std::string> texts_of(std::size_t column, const io::CsvTable* only = nullptr) const {
    std::set<std::string> texts;
    for_each(column, [&](const io::CsvTable& part, std::size_t, Index, const std::string& text) {
      if (only == nullptr || only == &part) texts.insert(text);
    });
    return texts;
  }

  bool begins_with_text(std::size_t column) const {
    std::optional<bool> text_first;
    for_each(column, [&](const io::CsvTable&, std::size_t, Index, const std::string& text) {
      if (!text_first) text_first = !parse_number(text).has_value();
    });
    return text_first.value_or(false);
  }

  void read_column(std::size_t column, Index to, ClassTable& table) const {
    table.names.push_back(parts_.front()->header[column]);
    table.columns.col(to).setConstant(std::numeric_limits<double>::quiet_NaN());
    if (categorical_.contains(column) || begins_with_text(column)) {
      const auto known = sorted_categories(texts_of(column));
      std::map<std::string, std::size_t> index;
      for (std::size_t k = 0; k < known.size(); ++k) index[known[k]] = k;
      for_each(column, [&](const io::CsvTable&, std::size_t, Index row, const std::string& text) {
        table.columns(row, to) = static_cast<double>(index.at(text));
      });
      table.categories.push_back(static_cast<int>(known.size()));
      return;
    }
    table.categories.push_back(0);
    for_each(column, [&](const io::CsvTable& part, std::size_t row, Index all,
                         const std::string& text) {
      const auto value = parse_number(text);
      if (!value || !std::isfinite(*value)) {
        throw InputError(part.file, part.place(row, column),
                         fmt::format("is {}, expected a finite number; a column of categories can "
                                     "be named as one",
                                     io::quoted_cell(text)));
      }
      table.columns(all, to) = *value;
    });
  }

  void read_labels(ClassTable& table) const {
    table.classes = sorted_categories(texts_of(label_, parts_.front()));
    table.labels.assign(static_cast<std::size_t>(table.columns.rows()), -1);
    for_each(label_, [&](const io::CsvTable&, std::size_t, Index row, const std::string& text) {
      const auto found = std::ranges::find(table.classes, text);
      if (found != table.classes.end()) {
        table.labels[static_cast<std::size_t>(row)] =
            static_cast<int>(found - table.classes.begin());
      }
    });
  }

  std::vector<const io::CsvTable*> parts_;
  std::size_t label_;
  std::set<std::size_t> categorical_;
};

/// Columns that a column of this many categories takes with an indicator each.
int indicator_count(int categories) { return categories == 2 ? 1 : std::max(1, categories); }

}  // namespace

ClassTable parse_class_table(const io::CsvTable& csv, const TableColumns& columns) {
  return Reader({&csv}, columns).read();
}

ClassTable parse_class_tables(const io::CsvTable& examples, const io::CsvTable& queries,
                              const TableColumns& columns) {
  if (queries.header != examples.header) {
    throw InputError(queries.file, "line 1",
                     fmt::format("names other columns than {}", examples.file));
  }
  return Reader({&examples, &queries}, columns).read();
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
      throw InputError(table.file, "line 1",
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
