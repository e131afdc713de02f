#include "sextant/ttt/row_predictions.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::ttt;

namespace {

using Targets = std::vector<std::optional<double>>;

/// Queries from number `first` on, with these predictions before and after.
Adaptation row_outcomes(const std::vector<double>& base, const std::vector<double>& adapted,
                        const Targets& targets, std::int64_t first = 0) {
  Adaptation adaptation;
  for (std::size_t i = 0; i < base.size(); ++i) {
    adaptation.queries.push_back({.query = first + static_cast<std::int64_t>(i),
                                  .base = base[i],
                                  .adapted = adapted[i],
                                  .target = targets[i]});
  }
  return adaptation;
}

}  // namespace

TEST_CASE("of three classes a row's most probable one is that of its largest scalar") {
  task::ClassTable table;
  table.classes = {"a", "b", "c"};
  const auto rows =
      row_predictions(table, row_outcomes({0.2, 0.3, 0.5, 0.6, 0.3, 0.1, 0.4, 0.4, 0.2},
                                          {0.1, 0.7, 0.2, 0.7, 0.2, 0.1, 0.3, NAN, 0.2},
                                          {0.0, 0.0, 1.0, 0.0, 0.0, 0.0, {}, {}, {}}, 6));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].row == 2);
  CHECK(rows[0].base->name == "c");
  CHECK(rows[0].base->probability == 0.5);
  CHECK(rows[0].adapted->name == "b");
  CHECK(rows[0].adapted->probability == 0.7);
  CHECK(rows[0].known_class == "c");
  CHECK(rows[1].row == 3);
  CHECK(rows[1].adapted->name == "a");
  CHECK_FALSE(rows[1].known_class);  // of no class that the examples have
  CHECK(rows[2].base->name == "a");  // of equals the first
  CHECK_FALSE(rows[2].adapted);      // one probability is not known
  CHECK_FALSE(rows[2].known_class);
}

TEST_CASE("of two classes the first has what the second's probability leaves") {
  task::ClassTable table;
  table.classes = {"no", "yes"};
  const auto rows =
      row_predictions(table, row_outcomes({0.25, 0.75, 0.5}, {0.5, 0.625, NAN}, {1.0, 0.0, {}}));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].base->name == "no");
  CHECK(rows[0].base->probability == 0.75);
  CHECK(rows[0].known_class == "yes");
  CHECK(rows[1].row == 1);
  CHECK(rows[1].base->name == "yes");
  CHECK(rows[1].adapted->probability == 0.625);
  CHECK(rows[1].known_class == "no");
  CHECK_FALSE(rows[2].adapted);
  CHECK_FALSE(rows[2].known_class);
}

TEST_CASE("rows that are not whole are refused, and no queries are no rows") {
  task::ClassTable table;
  table.classes = {"a", "b", "c"};
  CHECK(row_predictions(table, {}).empty());
  CHECK_THROWS_WITH_AS(
      row_predictions(table, row_outcomes({0.2, 0.3}, {0.2, 0.3}, {{}, {}})),
      doctest::Contains("has 2 queries, expected 3 for each row of a table with 3 classes"),
      ArgumentError);
  table.classes.pop_back();
  table.classes.pop_back();
  CHECK_THROWS_AS(row_predictions(table, {}), ArgumentError);
}
