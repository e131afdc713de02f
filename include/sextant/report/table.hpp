#pragma once

/// One table of results, shown on a terminal, in HTML, as CSV, or as the data of a chart.

#include <cstddef>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sextant/report/text.hpp"

namespace sextant::report {

/// JSON whose keys keep the order in which they were set.
using OrderedJson = nlohmann::ordered_json;

/// The number, or null: JSON knows neither infinity nor NaN.
OrderedJson finite_or_null(double value);

/// A number that is not there: an empty cell.
inline constexpr double missing_cell = std::numeric_limits<double>::quiet_NaN();

/// A column's values from an array: spans, and Eigen's vectors through their data and size.
std::vector<double> as_vector(const auto& values) {
  return {values.data(), values.data() + values.size()};
}

/// Columns of equal length, each with a header, either text or numbers. A value that is missing is
/// NaN or an empty string.
class Table {
 public:
  struct Column {
    std::string header = {};
    std::variant<std::vector<std::string>, std::vector<double>> cells = {};
    int digits = 4;      ///< Significant digits for people; CSV and JSON always round-trip.
    bool whole = false;  ///< Text that is never shortened: what the reader may have to type.
  };

  /// Appends a column; returns this table. Throws `ArgumentError` when the number of cells differs
  /// from the columns before it, and for a header that another column has.
  Table& text(std::string header, std::vector<std::string> cells);
  /// Text that is never shortened, such as names of blocks.
  Table& names(std::string header, std::vector<std::string> cells);
  Table& numbers(std::string header, std::vector<double> values, int digits = 4);

  /// The same with a cell for every one of `items`: `get` is a member or a function of it.
  template <class Items, class Get>
  Table& text_of(std::string header, const Items& items, Get get) {
    std::vector<std::string> cells;
    for (const auto& item : items) cells.emplace_back(std::invoke(get, item));
    return text(std::move(header), std::move(cells));
  }
  template <class Items, class Get>
  Table& numbers_of(std::string header, const Items& items, Get get, int digits = 4) {
    std::vector<double> values;
    for (const auto& item : items) values.push_back(static_cast<double>(std::invoke(get, item)));
    return numbers(std::move(header), std::move(values), digits);
  }

  std::size_t rows() const { return rows_; }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  void add(Column column);

  std::size_t rows_ = 0;
  std::vector<Column> columns_;
};

/// The cells of a column as people read them; see `format_numbers`.
std::vector<std::string> formatted_cells(const Table::Column& column);

/// The table in at most `style.width` columns: text to the left, numbers to the right with their
/// points aligned, a header and a rule. Text columns are shortened in the middle first; when even
/// that is too wide, further columns follow in a second table that repeats the first column, so no
/// number and no name is ever cut: a name longer than the width makes its lines longer, too. Only
/// the first `max_rows` rows are shown, and the rest counted in a last line; 0 shows all. Ends with
/// a line end; a table without columns is empty.
std::string to_terminal(const Table& table, const TerminalStyle& style, std::size_t max_rows = 0);

/// RFC 4180 CSV with a header line, "\n" line ends, round-trip numbers, and empty cells for NaN.
/// Infinities are "inf" and "-inf".
std::string to_csv(const Table& table);

/// A list of objects, one per row, keyed by the headers. Numbers that are not finite become null.
OrderedJson to_json(const Table& table);

}  // namespace sextant::report
