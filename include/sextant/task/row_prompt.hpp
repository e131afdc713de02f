#pragma once

/// A classification table as the sequences that a row model sees.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "sextant/task/class_table.hpp"
#include "sextant/task/encoded_prompt.hpp"

namespace sextant::task {

/// Which labelled rows supervise an update, and what they read.
///
/// A supervised row must not see its own label, so it is given as a query, to a context of other
/// rows. Rows are supervised in folds: all of a fold are queries to one context without them, so
/// that a pass over a fold costs little more than one over its context. With as many folds as rows
/// this is leaving one out.
struct RowSupervision {
  int rows = 64;      ///< Supervised rows, at most; of more the context has, some.
  int folds = 8;      ///< At most as many as there are supervised rows.
  int context = 256;  ///< Rows of a fold's context, at most; of more that are left, some.
};

/// Rows of a table ready for a row model.
struct RowTask {
  Eigen::MatrixXd columns = {};  ///< [R, D] finite, or NaN for a missing cell.
  std::vector<int> labels =
      {};  ///< [R] 0 to classes - 1; -1 in rows that are only queries, if unknown.
  std::vector<int> context = {};  ///< Rows that are labelled examples.
  std::vector<int> queries = {};  ///< Rows to predict.
  int classes = 2;
};

/// Builds the prompt. Example scalars come row by row, and of each row class by class, as
/// `readout::scalars_per_row` has it; targets are 1 for the row's class and 0 for others. Every
/// query reads all context rows. Features are standardised by the context
/// (`standardized_features`), of which a supervised row is a part though it never reads its own
/// label; queries have no part in it.
///
/// The context is put in an order that depends on the rows alone (by label, then by features), from
/// which supervised rows, folds and the rows of a fold's context are taken at even distances: so
/// all results are the same, bit for bit, in whichever order the examples come, and classes are
/// spread over the folds. The labels of queries become targets, and nothing else depends on them.
///
/// Throws `ArgumentError` when the context has fewer than two rows or classes, a label is out of
/// range, or a number of `supervision` is below 1 (folds: 2); `InputError` naming `file` for more
/// than `limit` columns. Cost: linear in rows and columns, and in the length of all sequences.
EncodedPrompt encode(const RowTask& task, int limit, const RowSupervision& supervision,
                     std::string_view file);

/// The rows of a table whose scalars are a prompt's examples and queries.
struct PromptRows {
  int scalars = 1;                 ///< Of each row; `readout::scalars_per_row`.
  std::vector<int> examples = {};  ///< Supervised rows, in the order of the prompt's examples.
  std::vector<int> queries = {};   ///< Rows to predict, in the order of the prompt's queries.
};

/// Throws `ArgumentError` for a prompt that is not of a table, and for an empty sequence.
PromptRows prompt_rows(const EncodedPrompt& prompt);

/// Why nothing can be learned from a table, as the end of a message: it has fewer than two examples
/// or classes. Empty for any other.
std::string no_task_reason(const ClassTable& table);

/// The table's examples as context, and its queries. Throws `InputError` for fewer than two
/// examples or classes, more than `most_classes` classes, and more columns than `limit`
/// (`coded_columns`).
RowTask row_task(const ClassTable& table, int limit, int most_classes);

}  // namespace sextant::task
