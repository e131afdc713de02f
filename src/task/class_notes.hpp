#pragma once

/// What is to be said of a table's classes.

#include <string>
#include <vector>

#include "category_names.hpp"
#include "feature_column.hpp"

namespace sextant::task {

/// Sentences on classes that may not be meant as such: markers of missing values, names that differ
/// in case or spelling alone, and labels of which (nearly) every one occurs once. `labelled`: the
/// labels' cells in the examples.
std::vector<std::string> class_notes(const Names& classes, const std::vector<RowPlace>& labelled);

}  // namespace sextant::task
