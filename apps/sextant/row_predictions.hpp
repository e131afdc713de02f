#pragma once

/// What an update says of the rows of a table: the most probable class before and after.

#include <string>

#include "sextant/report/table.hpp"
#include "sextant/task/class_table.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::apps {

/// Adds the key `rows` to the JSON of `adapt` and `advise`, and a table to their text, where the
/// prompt is a `table` with queries: of each row its number among the queries, the class with the
/// largest probability at the base weights and after the update, both probabilities, and the class
/// that is known, if one is. Does nothing for other prompts.
void add_row_predictions(const task::ClassTable* table, const ttt::Adaptation& adaptation,
                         const report::TerminalStyle& style, report::OrderedJson& json,
                         std::string& text);

}  // namespace sextant::apps
