#pragma once

/// Classification tables: what a CSV file says, as numbers.

#include <Eigen/Core>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sextant/io/csv.hpp"

namespace sextant::task {

/// Which columns mean what.
struct TableColumns {
  std::string label;                     ///< Empty: the last column.
  std::vector<std::string> categorical;  ///< Columns of codes whose numbers have no meaning.
};

/// Rows with a class and columns of numbers or categories, as they were read.
struct ClassTable {
  std::string file;                  ///< For messages.
  std::vector<std::string> names;    ///< [D] of the columns.
  Eigen::MatrixXd columns;           ///< [R, D] numbers, or indices of categories; NaN: missing.
  std::vector<int> categories;       ///< [D] how many a column has; 0 for a column of numbers.
  std::vector<std::string> classes;  ///< [C] sorted; by value where all are numbers.
  std::vector<int> labels;           ///< [R] -1 where missing.
};

/// A cell is missing when it is empty or one of NA, N/A, NaN, null, none and ? in any case. A
/// column is one of numbers when its first cell that is not missing is a number (exponents and a
/// sign are allowed, as are values too small for a double, which are 0), and one of categories
/// otherwise or where `columns` says so; categories are numbered in sorted order. Throws
/// `InputError` naming the file, and the line and column where there is one, for text among
/// numbers, numbers that are not finite, unknown column names, and a table whose only column is the
/// label.
ClassTable parse_class_table(const io::CsvTable& csv, const TableColumns& columns);

/// Two tables one below the other, the rows of `queries` without their labels' influence on
/// anything but `labels`: classes are those of `examples`, and a label that is none of them is
/// counted as missing. Categories are those of either. Throws `InputError` naming the file of
/// `queries` when its columns have other names or kinds.
ClassTable parse_class_tables(const io::CsvTable& examples, const io::CsvTable& queries,
                              const TableColumns& columns);

/// The columns of a row model: numbers as they are; of a column of categories one indicator each,
/// or one in all where there are two. A column with more than `most_indicators` categories becomes
/// their indices, and so do, the widest first, as many more as it takes to stay within `limit`
/// columns. A missing category is missing in every indicator. Throws `InputError` when there are
/// more than `limit` columns even so. [R, D'].
inline constexpr int most_indicators = 10;
Eigen::MatrixXd coded_columns(const ClassTable& table, int limit);

}  // namespace sextant::task
