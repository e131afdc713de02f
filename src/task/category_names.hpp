#pragma once

/// Names of classes and categories: which of a column's texts are one.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant::task {

/// Two names that may be meant as one.
struct LikeNames {
  std::string first, second;
  std::string_view
      how;  ///< "case" or "spelling" (1 and 1.0, 50% and 50 %), in which alone they differ.
};

/// Those of `names` that differ from an earlier one in case, in white space and how Unicode writes
/// a character, or as numbers in how these are written; 1,000 is taken for a thousand.
std::vector<LikeNames> like_names(const std::vector<std::string>& names);
/// `"Ja" and "ja", "Nein" and "nein"`: those of one kind, the first eight; empty without.
std::string like_names_text(const std::vector<LikeNames>& names, std::string_view how);

/// Distinct texts in order: numbers by value, then others; where all are numbers, texts with one
/// value are one name, the shortest of them. Only what a double tells from its neighbours is a
/// number here: finite and below 2^53 in size.
class Names {
 public:
  Names() = default;
  explicit Names(const std::vector<std::string_view>& texts);

  /// Place of the name that this text is, or -1.
  int find(std::string_view text) const;
  const std::vector<std::string>& names() const { return names_; }
  /// Two texts that are one name, both empty without.
  const std::pair<std::string, std::string>& merged() const { return merged_; }

 private:
  bool are_numbers_ = false;
  std::vector<std::string> names_;
  std::vector<double> values_;  ///< Of the names, where they are numbers; ascending.
  std::map<std::string, int, std::less<>> places_;
  std::pair<std::string, std::string> merged_;
};

}  // namespace sextant::task
