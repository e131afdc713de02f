#pragma once

/// Cells that are categories by their texts, but were hardly meant as such.

#include <string_view>
#include <vector>

namespace sextant::task {

/// Whether all cells, none missing, are numbers in one notation with the same unit after them
/// ("10 m"), or the code of a currency before them ("EUR 5").
bool are_numbers_with_unit(const std::vector<std::string_view>& cells);

/// Whether all cells, none missing, are dates in digits (2020-01-31, 31.1.2020, 1/31/20), times of
/// day (9:30) or both.
bool are_dates(const std::vector<std::string_view>& cells);

}  // namespace sextant::task
