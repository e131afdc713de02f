#pragma once

/// What was read of a table that is a prompt, and what is predicted of its rows, for terminal, HTML
/// and JSON alike.

#include <string>
#include <vector>

#include "sextant/report/html_report.hpp"
#include "sextant/report/table.hpp"
#include "sextant/task/class_table.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/ttt/row_predictions.hpp"

namespace sextant::report {

/// "8 read as examples, 2 as queries, 1 not at all".
std::string row_counts(const task::ClassTable& table);

/// Which rows the prompt's examples and queries are of, a sentence each: their numbers, rows x
/// classes, and the lines of the rows where a file holds them. Empty for a prompt that is not of a
/// table.
std::vector<std::string> row_facts(const task::EncodedPrompt& prompt);

/// One row per row to predict: its most probable class before and after the update with its
/// probability, and the class that is known, where one is.
Table row_prediction_table(const std::vector<ttt::RowPrediction>& rows);

/// Sections "Rows of the table" and, with an adaptation that has queries, "Most probable class of
/// each row". Nothing for a prompt that is not of a table; `adaptation` may be null.
std::string table_rows_text(const task::EncodedPrompt& prompt, const ttt::Adaptation* adaptation,
                            const TerminalStyle& style);
void add_table_rows(HtmlReport& report, const task::EncodedPrompt& prompt,
                    const ttt::Adaptation* adaptation);

/// {"label", "classes", "examples", "queries", "unread", "unused_columns", "notes"}: numbers of
/// rows, not of scalars.
OrderedJson to_json(const task::ClassTable& table);
/// The same of the prompt's table and {"residuals", "predictions": how many scalars,
/// "example_lines", "query_lines": of the rows that they are of, in their order, null for a row
/// that no file holds}. Null for a prompt that is not of a table.
OrderedJson table_rows_json(const task::EncodedPrompt& prompt);
/// [{"row", "base": {"class", "probability"}, "adapted", "known"}]; null what is not known.
OrderedJson to_json(const std::vector<ttt::RowPrediction>& rows);

}  // namespace sextant::report
