#pragma once

/// Which of the known names an unknown one was probably meant to be.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// Insertions, deletions and substitutions of bytes that turn `a` into `b`. Cost O(|a| |b|).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Those of `known` that differ from `name` in case, blanks and punctuation alone; if there are
/// none, those within a third of its bytes of edits, or of which one begins with the other (three
/// bytes or more). Nearest first, at most three. Cost: an edit distance for each.
std::vector<std::string> likely_names(std::string_view name, std::span<const std::string> known);

/// Names in quotes with commas between them, the first `most` of them and how many others there
/// are: `"a", "b" and 7 others`.
std::string listed(std::span<const std::string> names, std::size_t most = 10);

}  // namespace sextant
