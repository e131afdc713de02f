#include "sextant/studies/generators/table_prior.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::generators;

TEST_CASE("tables of the prior keep its promises") {
  TablePrior prior;
  prior.most_features = 12;
  prior.most_context = 64;
  Random random(5);
  std::map<Generator, int> seen;
  std::set<int> class_counts;
  int with_missing = 0;
  int binary = 0;
  constexpr int count = 400;
  for (int i = 0; i < count; ++i) {
    const SyntheticTable table = draw_table(prior, random);
    ++seen[table.generator];
    class_counts.insert(table.classes);
    binary += table.classes == 2 ? 1 : 0;
    CHECK(table.context >= 16);
    CHECK(table.context <= 64);
    CHECK(table.columns.rows() == table.context + prior.queries);
    CHECK(table.columns.cols() >= 2);
    CHECK(table.columns.cols() <= 12);
    REQUIRE(table.labels.size() == static_cast<std::size_t>(table.columns.rows()));
    const std::set<int> used(table.labels.begin(), table.labels.end());
    CHECK(*used.begin() == 0);
    CHECK(*used.rbegin() == table.classes - 1);
    CHECK(used.size() == static_cast<std::size_t>(table.classes));
    const std::set<int> context(table.labels.begin(), table.labels.begin() + table.context);
    CHECK(context.size() >= 2);
    CHECK_FALSE(table.columns.array().isInf().any());
    with_missing += table.columns.array().isNaN().any() ? 1 : 0;
  }
  CHECK(seen.size() == std::size(studies::generators::generators));
  for (const auto& entry : seen) {
    CHECK_MESSAGE(entry.second > count / 6 - 40, name_of(entry.first));  // five standard errors
  }
  CHECK(class_counts.size() == 9);
  CHECK(binary > count / 2 - 50);
  CHECK(std::abs(with_missing - count / 6) < 40);
}

TEST_CASE("a table depends on the stream alone, and numbers out of range are refused") {
  const TablePrior prior;
  Random a(9, 4);
  Random b(9, 4);
  const SyntheticTable first = draw_table(prior, a);
  const SyntheticTable second = draw_table(prior, b);
  CHECK(first.labels == second.labels);
  CHECK(((first.columns.array() == second.columns.array()) ||
         (first.columns.array().isNaN() && second.columns.array().isNaN()))
            .all());
  CHECK(draw_table(prior, a).labels != first.labels);
  for (const TablePrior& bad : {TablePrior{1}, TablePrior{60, 1}, TablePrior{60, 10, 1},
                                TablePrior{60, 10, 16, 15}, TablePrior{60, 10, 16, 32, 0}}) {
    CHECK_THROWS_AS(draw_table(bad, a), ArgumentError);
  }
}

TEST_CASE("labels can be told from the columns: a nearest row is right more often than a guess") {
  TablePrior prior;
  prior.fewest_context = prior.most_context = 128;
  prior.most_features = 8;
  std::map<Generator, std::pair<double, double>> right;  // nearest row, most frequent class
  Random random(11);
  for (int i = 0; i < 240; ++i) {
    const SyntheticTable table = draw_table(prior, random);
    if (table.columns.array().isNaN().any()) continue;
    std::map<int, int> counts;
    for (int r = 0; r < 128; ++r) ++counts[table.labels[static_cast<std::size_t>(r)]];
    const int frequent =
        std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
    for (Eigen::Index q = 128; q < table.columns.rows(); ++q) {
      Eigen::Index best = 0;
      (table.columns.topRows(128).rowwise() - table.columns.row(q))
          .rowwise()
          .squaredNorm()
          .minCoeff(&best);
      const int label = table.labels[static_cast<std::size_t>(q)];
      right[table.generator].first += table.labels[static_cast<std::size_t>(best)] == label;
      right[table.generator].second += frequent == label;
    }
  }
  for (const auto& entry : right) {
    CHECK_MESSAGE(entry.second.first > entry.second.second, name_of(entry.first));
  }
}
