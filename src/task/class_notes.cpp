#include "class_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "cells.hpp"
#include "sextant/core/wording.hpp"

namespace sextant::task {
namespace {

/// A regression's targets, or an identifier, in place of classes.
std::string note_single_labels(const Names& classes, const std::vector<RowPlace>& labelled) {
  constexpr std::size_t fewest = 3;
  constexpr std::size_t many = 6;
  const std::size_t count = classes.names().size();
  if (count < fewest) return {};
  const bool numbers = std::ranges::all_of(
      classes.names(), [](const std::string& name) { return common_number(name).has_value(); });
  const bool each_once = count == labelled.size();
  if (!each_once && !(numbers && count >= many && 2 * count > labelled.size())) return {};
  const RowPlace& cell = labelled.front();
  return fmt::format(
      "{} (column \"{}\"): {}a class of one row says little; is it the label's column?",
      each_once ? "every label occurs once"
                : fmt::format("the labels are {} numbers in {} rows", count, labelled.size()),
      cell.file->header[cell.column],
      numbers ? "rows are classified and no number is predicted, and " : "");
}

}  // namespace

std::vector<std::string> class_notes(const Names& classes, const std::vector<RowPlace>& labelled) {
  std::vector<std::string> notes;
  const bool has_plus = std::ranges::find(classes.names(), "+") != classes.names().end();
  for (const std::string& name : classes.names()) {
    if (!is_missing(name, has_plus)) continue;
    Tally tally;
    for (const RowPlace& cell : labelled) {
      if (cell.text() == name) tally.add(cell.file->place(cell.row));
    }
    notes.push_back(
        fmt::format("the label \"{}\" ({}, first in {}) is a class like others; where it "
                    "says that the class is not known, leave the cell empty",
                    name, counted(tally.count, "row"), tally.first));
  }
  if (!classes.merged().first.empty()) {
    notes.push_back(
        fmt::format("labels are compared as numbers, so \"{}\" and \"{}\" are one class",
                    classes.merged().first, classes.merged().second));
  }
  const std::vector<LikeNames> alike = like_names(classes.names());
  for (const std::string how : {"case", "spelling"}) {
    const std::string pairs = like_names_text(alike, how);
    if (!pairs.empty()) {
      notes.push_back(fmt::format("the classes {} differ in {} alone", pairs, how));
    }
  }
  const std::string single = note_single_labels(classes, labelled);
  if (!single.empty()) notes.push_back(single);
  return notes;
}

}  // namespace sextant::task
