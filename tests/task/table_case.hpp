#pragma once

/// What the tests of tables share: reading one from text, and looking at what came out.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "sextant/task/class_table.hpp"

namespace sextant::test {

using task::ClassTable;
using task::TableColumns;
using Strings = std::vector<std::string>;

inline ClassTable read(const std::string& text, const TableColumns& columns = {},
                       const io::CsvOptions& options = {}) {
  return task::parse_class_table(io::parse_csv(text, "t.csv", options), columns);
}

/// A table with one column and the labels a and b in turn, the cells in quotes.
inline std::string column_text(const Strings& cells) {
  std::string text = "x,y\n";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += "\"" + cells[i] + "\"," + (i % 2 == 0 ? "a" : "b") + "\n";
  }
  return text;
}

inline bool says(const ClassTable& table, const std::string& part) {
  return std::ranges::any_of(
      table.notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

/// Equal, and missing in the same places.
inline bool same(const Eigen::VectorXd& a, const std::vector<double>& b) {
  if (a.size() != static_cast<Eigen::Index>(b.size())) return false;
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    const double other = b[static_cast<std::size_t>(i)];
    if (std::isnan(a(i)) ? !std::isnan(other) : a(i) != other) return false;
  }
  return true;
}

inline const double missing_value = std::nan("");

}  // namespace sextant::test
