#include "sextant/ttt/row_predictions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "sextant/core/errors.hpp"
#include "sextant/readout/class_probabilities.hpp"

namespace sextant::ttt {
namespace {

/// One row's, in order.
using RowScalars = std::span<const QueryOutcome>;

std::optional<ProbableClass> most_probable(const std::vector<std::string>& classes,
                                           RowScalars scalars, double QueryOutcome::*prediction) {
  std::vector<double> p;
  for (const QueryOutcome& scalar : scalars) p.push_back(scalar.*prediction);
  if (classes.size() == 2) p.insert(p.begin(), 1 - p.front());
  if (std::ranges::any_of(p, [](double value) { return std::isnan(value); })) return std::nullopt;
  const auto best = std::ranges::max_element(p);
  return ProbableClass{classes[static_cast<std::size_t>(best - p.begin())], *best};
}

/// The class whose scalar has the target 1.
std::optional<std::string> known_class(const std::vector<std::string>& classes,
                                       RowScalars scalars) {
  if (!scalars.front().target) return std::nullopt;
  if (classes.size() == 2) return classes[*scalars.front().target == 1 ? 1 : 0];
  for (std::size_t k = 0; k < scalars.size(); ++k) {
    if (scalars[k].target == 1.0) return classes[k];
  }
  return std::nullopt;
}

}  // namespace

std::vector<RowPrediction> row_predictions(const task::ClassTable& table,
                                           const Adaptation& adaptation) {
  constexpr std::string_view here = "row_predictions";
  if (table.classes.size() < 2) throw ArgumentError(here, "table", "has fewer than two classes");
  const auto per_row =
      static_cast<std::size_t>(readout::scalars_per_row(static_cast<int>(table.classes.size())));
  if (adaptation.queries.size() % per_row != 0) {
    throw ArgumentError(here, "adaptation",
                        fmt::format("has {} queries, expected {} for each row of a table with {} "
                                    "classes",
                                    adaptation.queries.size(), per_row, table.classes.size()));
  }
  std::vector<RowPrediction> rows;
  for (std::size_t first = 0; first < adaptation.queries.size(); first += per_row) {
    const RowScalars scalars = RowScalars(adaptation.queries).subspan(first, per_row);
    rows.push_back({.row = scalars.front().query / static_cast<std::int64_t>(per_row),
                    .base = most_probable(table.classes, scalars, &QueryOutcome::base),
                    .adapted = most_probable(table.classes, scalars, &QueryOutcome::adapted),
                    .known_class = known_class(table.classes, scalars)});
  }
  return rows;
}

}  // namespace sextant::ttt
