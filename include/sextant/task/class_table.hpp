#pragma once

/// Classification tables: what a CSV file says, as numbers.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "sextant/io/csv.hpp"

namespace sextant::task {

/// Which columns mean what.
struct TableColumns {
  std::string label = {};                     ///< Empty: the last column.
  std::vector<std::string> categorical = {};  ///< Columns of codes whose numbers have no meaning.
};

/// Rows with a class and columns of numbers or categories, as they were read.
struct ClassTable {
  std::string file = {};        ///< For messages.
  std::string query_file = {};  ///< Of the queries; the same unless they have one of their own.
  std::string label = {};       ///< Name of the label's column.
  std::vector<std::string> names = {};  ///< [D] of the other columns.
  Eigen::MatrixXd columns = {};         ///< [R, D] numbers, or indices of categories; NaN: missing.
  std::vector<int> categories = {};  ///< [D] how many the examples have; 0 for a column of numbers.
  std::vector<std::string> classes = {};  ///< [C] of the examples, sorted; numbers by value.
  std::vector<int> labels = {};           ///< [R] -1 where missing, or no class of the examples.
  /// [R] the line of its file that each row begins in, from 1; 0 for a row that no file holds.
  std::vector<std::size_t> lines = {};
  std::vector<int> examples = {};  ///< Rows with a label, ascending.
  std::vector<int> queries = {};   ///< Rows to predict, ascending.
  /// Rows that are neither: with empty cells alone, or, where queries have a file of their own,
  /// without a label. The former are not among the R rows.
  int unread = 0;
  /// Columns that cannot say anything: of one value or none in the examples, and those of a file of
  /// queries that the examples' file lacks.
  std::vector<std::string> unused = {};
  /// What was read otherwise than its author may have meant, a sentence each, with counts and the
  /// place of the first cell.
  std::vector<std::string> notes = {};
};

/// Reads a table. Rows with a label are examples, the others queries. A label is missing where its
/// cell is empty, and only there: NA, None or ? is a class (and a note). Everything else is decided
/// by the examples alone, so that no query changes how another one is read:
///
/// - A cell of another column is missing when it is empty or one of the usual words for it in any
///   case (those that pandas knows, ?, \N, dashes, errors of spreadsheets; a dash is a category in
///   a column that also has +).
/// - A column holds numbers when every cell that is not missing is one in a common notation: with
///   a point or a comma for decimals, with or without commas, points, blanks or apostrophes between
///   thousands, all with the same currency's sign or %. Other notations than the plain one are a
///   note. 1,234 and 1.020 follow the decimal mark that other columns show; where none does, 1,234
///   is 1234 in files with commas between cells and 1.234 in others, and 1.020 is 1.02, which is a
///   note beside whole numbers, in queries too. A column has one notation, in which queries are
///   read as well; whole numbers are plain, and have decimal commas and points between thousands
///   where another column shows decimal commas.
/// - Otherwise, or where `columns` says so, it holds categories, in order of their texts or, where
///   all are numbers, of their values; where half of the cells or more are numbers, all are numbers
///   with one unit or dates, or every example has a category of its own, that is a note.
/// - A query's cell that is no number in a column's notation, and a category that no example
///   has, count as missing, which is a note.
///
/// Labels that are all numbers below 2^53 in size are compared as numbers: 1, 1.0 and 01 are one
/// class. Labels that differ in case or spelling alone, or of which every one occurs once, are a
/// note. Cells without lines, as in a table that a program made, are named by their rows: rows[3].
///
/// Throws `InputError` naming the file, and the line and column where there is one, for infinite
/// numbers, unknown names in `columns` (with the likely one), a table whose only column is the
/// label, and a first line that is a row rather than a header (unless `columns.label` is in it or
/// `io::CsvOptions::header` says what it is), and `ArgumentError` for a table that no file can be:
/// without columns, with a name twice or empty, or with a row that has not as many cells as the
/// header or empty ones alone. Cost: linear in the cells, and n log n in the categories.
ClassTable parse_class_table(const io::CsvTable& csv, const TableColumns& columns);

/// Examples from one table, queries from another, its rows below those of the first; rows of
/// `examples` without a label are not read. The columns of `queries` are found by name, in any
/// order; the label's may be absent, others that `examples` lacks are not used, which is a note.
/// Labels of queries that are no class of the examples count as missing, which is a note. Throws as
/// `parse_class_table` for either table, and `InputError` naming the file of `queries` and the
/// likely cause when it lacks a column.
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
