#pragma once

/// Whether the first line of a table holds names of columns.

#include <cstddef>
#include <string>

#include "sextant/io/csv.hpp"

namespace sextant::task {

enum class FirstLine { names, doubtful, row };

/// A row: the label's cell is a label of a later row, and every column of numbers has a number or a
/// marker of a missing value there (without columns of numbers: some cell is a category of a later
/// row). Doubtful: every column of numbers has one of these there, and the numbers do not count
/// upwards from 0 or 1; or, without columns of numbers, some cell is a label or a category of a
/// later row. Names otherwise, and where `csv.header_kind` says so.
FirstLine first_line(const io::CsvTable& csv, std::size_t label);

/// What the names in a doubtful first line are that hardly are names: `numbers ("5.1", "3.5"), some
/// values of later rows ("red")`, or `markers of missing values ("NA")` in place of numbers.
std::string doubtful_names(const io::CsvTable& csv, std::size_t label);

}  // namespace sextant::task
