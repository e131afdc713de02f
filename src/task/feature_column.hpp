#pragma once

/// One column of a table beside the label's: what the examples make of it, and then its numbers.

#include <Eigen/Core>
#include <map>
#include <string>
#include <vector>

#include "cells.hpp"
#include "sextant/io/csv.hpp"

namespace sextant::task {

/// A row of one of a table's files.
struct RowPlace {
  const io::CsvTable* file = nullptr;
  std::size_t row = 0;
  std::size_t column = 0;  ///< Of the column that is read.

  std::string_view text() const { return trimmed(file->rows[row][column].text); }
  /// `"abc" in line 3, column 2 (age)`, with the file where it is not `main`.
  std::string quoted(const io::CsvTable* main) const;
};

/// How many cells something is true of, and the first one.
struct Tally {
  std::size_t count = 0;
  std::string first;

  void add(const std::string& cell) {
    if (count++ == 0) first = cell;
  }
};

/// What columns say of how they were read, gathered so that a wide table needs few lines.
struct ColumnNotes {
  /// Columns of numbers by their notation, with the first cell and its value.
  std::map<std::string, std::pair<std::vector<std::string>, std::string>> notations;
  /// Columns with numbers like 1.020, which may be thousands, and the first cell.
  std::pair<std::vector<std::string>, std::string> doubtful_points;
  std::vector<std::string> sentences;  ///< Of single columns.
  /// Columns with categories that differ in "case" or "spelling" alone, and the first two.
  std::map<std::string, std::pair<std::vector<std::string>, std::string>> alike;
  std::vector<std::string> identifiers;  ///< Columns where every example has its own category.
  std::vector<std::string> constant;     ///< Columns with one value in all examples.
  std::vector<std::string> empty;        ///< Columns without any value in the examples.
  Tally missing_words;                   ///< NA, None, a dash, ... in columns of categories.
  Tally unknown_categories;              ///< Of queries.
  Tally not_numbers;                     ///< Of queries, in columns of numbers.

  std::vector<std::string> text() const;
};

/// The column as `ClassTable` has it.
struct FeatureColumn {
  Eigen::VectorXd values;  ///< [examples, then queries] NaN: missing.
  int categories = 0;      ///< 0: numbers.
};

/// What the column's cells in the examples say of the decimal mark.
DecimalMark decimal_mark(const std::vector<RowPlace>& examples);

/// Reads a column by its cells in the examples (`ClassTable` says how) and the decimal mark of the
/// file's columns. Throws `InputError` for an infinite number.
FeatureColumn read_feature_column(const std::string& name, bool categorical, DecimalMark mark,
                                  const std::vector<RowPlace>& examples,
                                  const std::vector<RowPlace>& queries, ColumnNotes& notes);

}  // namespace sextant::task
