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
  /// `"abc" in line 3, column 2 (age)`.
  std::string quoted() const;
};

/// How many cells something is true of, and the first one.
struct Tally {
  std::size_t count = 0;
  std::string first;

  void add(const std::string& cell) {
    if (count++ == 0) first = cell;
  }
};

/// Columns, and a cell of the first of them.
struct ColumnsWithCell {
  std::vector<std::string> columns;
  std::string cell;
};

/// A sentence on one of a table's files.
struct FileNote {
  bool of_queries = false;
  std::string text;
};

/// What columns say of how they were read, gathered so that a wide table needs few lines.
struct ColumnNotes {
  /// Columns of numbers by their notation, with the first cell that shows it and its value; first
  /// those where that cell is an example's.
  std::map<std::pair<bool, std::string>, ColumnsWithCell> notations;
  /// Columns with numbers like 1.020, which may be thousands, and the first cell, of queries or
  /// not.
  std::map<bool, ColumnsWithCell> doubtful_points;
  std::vector<std::string> sentences;  ///< Of single columns.
  /// Columns with categories that differ in "case" or "spelling" alone, and the first two.
  std::map<std::string, ColumnsWithCell> alike;
  /// Columns of categories whose cells are all something else, the first one, and what to do.
  std::map<std::string, ColumnsWithCell> no_names;
  std::vector<std::string> identifiers;  ///< Columns where every example has its own category.
  std::vector<std::string> constant;     ///< Columns with one value in all examples.
  std::vector<std::string> empty;        ///< Columns without any value in the examples.
  Tally missing_words;                   ///< NA, None, a dash, ... in columns of categories.
  Tally unknown_categories;              ///< Of queries.
  Tally not_numbers;                     ///< Of queries, in columns of numbers.
  Tally other_notations;  ///< Of queries, in columns of numbers: numbers, but not as the examples.

  std::vector<FileNote> text() const;
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
