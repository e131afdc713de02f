#pragma once

/// What an update predicts of the rows of a table: their most probable classes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sextant/task/class_table.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::ttt {

/// A row's class with the largest probability; of equals the first.
struct ProbableClass {
  std::string name = {};
  double probability = 0;
};

/// One row to predict, before and after an update.
struct RowPrediction {
  std::int64_t row = 0;                         ///< Its number among the queries' rows, from 0.
  std::optional<ProbableClass> base = {};       ///< At the base weights; empty when not known.
  std::optional<ProbableClass> adapted = {};    ///< After the update; likewise.
  std::optional<std::string> known_class = {};  ///< Where the table says it, and an example has it.
};

/// The rows behind the queries of an adaptation of a model with `table` as its prompt: each row has
/// `readout::scalars_per_row` of them, one after another. Throws `ArgumentError` for fewer than two
/// classes and where the queries are not whole rows. Cost: linear in the queries.
std::vector<RowPrediction> row_predictions(const task::ClassTable& table,
                                           const Adaptation& adaptation);

}  // namespace sextant::ttt
