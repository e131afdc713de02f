#include <fmt/format.h>

#include "feature_column.hpp"
#include "sextant/core/names.hpp"

namespace sextant::task {
namespace {

std::string named(const std::vector<std::string>& columns) {
  return fmt::format("column{} {}", columns.size() == 1 ? "" : "s", listed(columns));
}

}  // namespace

std::vector<FileNote> ColumnNotes::text() const {
  std::vector<FileNote> result;
  const auto add = [&](std::string text, bool of_queries = false) {
    result.push_back({of_queries, std::move(text)});
  };
  const auto add_missing = [&](const Tally& tally, std::string_view which, std::string_view why) {
    if (tally.count == 0) return;
    const bool one = tally.count == 1;
    add(fmt::format("{} cell{} of {} count{} as missing{}, first {}", tally.count, one ? "" : "s",
                    which, one ? "s" : "", why, tally.first),
        which == "queries");
  };
  for (const auto& [key, use] : notations) {
    add(fmt::format("{}: numbers with {} ({})", named(use.columns), key.second, use.cell),
        key.first);
  }
  for (const auto& [of_queries, use] : doubtful_points) {
    add(fmt::format("{}: points are read as decimal points ({}), but may stand between thousands: "
                    "if so, leave them out of the file",
                    named(use.columns), use.cell),
        of_queries);
  }
  for (const std::string& sentence : sentences) add(sentence);
  for (const auto& [sentence, use] : no_names) {
    add(fmt::format("{}: all cells of examples, such as {}, {}", named(use.columns), use.cell,
                    sentence));
  }
  for (const auto& [how, use] : alike) {
    add(fmt::format("{}: categories differ in {} alone ({})", named(use.columns), how, use.cell));
  }
  if (!identifiers.empty()) {
    add(named(identifiers) +
        ": every example has a category of its own, as with identifiers; leave them out of the "
        "file where they cannot occur again");
  }
  add_missing(missing_words, "categories", "");
  if (!constant.empty()) {
    add(named(constant) + ": not used, since all examples have one value there");
  }
  if (!empty.empty()) add(named(empty) + ": not used, since no example has a value there");
  add_missing(unknown_categories, "queries", ", since no example has that category");
  add_missing(not_numbers, "queries", ", not being numbers as the examples write them");
  add_missing(other_notations, "queries",
              ", being numbers in another notation than those of the examples (write a "
              "column's numbers alike)");
  return result;
}

}  // namespace sextant::task
