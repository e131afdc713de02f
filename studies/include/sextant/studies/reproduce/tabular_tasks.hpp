#pragma once

/// Real classification tables, cut into contexts and test rows.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sextant/model/weights.hpp"
#include "sextant/task/row_prompt.hpp"

namespace sextant::studies::reproduce {

/// One table of a folder.
struct NamedTable {
  std::string name;
  /// Tables with the same labels in the same order describe the same things and count as one; they
  /// share the name of the first.
  std::string group;
  task::RowTask rows;  ///< Columns and labels; context and queries empty.
};

/// Reads every table that DIR/index.csv names (columns `name` and `categorical_features`, the
/// latter 0-based places separated by blanks; others are ignored) from DIR/NAME.csv, the label in
/// its last column. Of tables with the same rows (nine tenths of them) in any order, whatever their
/// classes are called, only the first is kept and the others' names go to `same`. Throws
/// `InputError` for whatever is wrong in the files, and for tables with more classes or columns
/// than `config` allows.
struct TableFolder {
  std::vector<NamedTable> tables;
  std::vector<std::string> same;
  std::uint64_t fingerprint = 0;  ///< Of the files' contents.
};
TableFolder read_table_folder(const std::filesystem::path& directory,
                              const model::ModelConfig& config);

/// The test rows of a repeat and the order in which rows join its context, so that a smaller
/// context is a part of every larger one.
struct TableSplit {
  std::vector<int> test;
  std::vector<int> order;  ///< The other rows; the first two are of different classes.
};

/// min(`most_test`, 3/10 of the rows) test rows, drawn at random from Random(seed, hash of the
/// table's name and the repeat): the same for every table and repeat, whichever others there are.
TableSplit split_table(const NamedTable& table, int repeat, int most_test, std::uint64_t seed);

/// The table with the first `size` rows of the order as context and the test rows as queries.
task::RowTask table_task(const NamedTable& table, const TableSplit& split, int size);

}  // namespace sextant::studies::reproduce
