#include "sextant/report/table_rows.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "report/advice_case.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/task/row_prompt.hpp"

using namespace sextant;
using namespace sextant::report;
using namespace sextant::test;

namespace {

task::EncodedPrompt prompt_of_table(const std::string& text,
                                    const task::RowSupervision& supervision = {}) {
  auto table =
      std::make_shared<task::ClassTable>(task::parse_class_table(io::parse_csv(text, "t.csv"), {}));
  task::EncodedPrompt prompt =
      task::encode(task::row_task(*table, 10, 10), 10, supervision, "t.csv");
  prompt.source = std::move(table);
  return prompt;
}

/// Rows in an order that the prompt keeps: by label, then by x; each a fold of its own.
const std::string three_classes = "x,y\n1,a\n2,a\n,\n3,b\n9,\n4,b\n5,c\n8,\n";
const std::string two_classes = "x,y\n1,no\n2,no\n3,yes\n4,yes\n9,\n";

ttt::Adaptation row_update() {
  ttt::Adaptation adaptation = two_query_adaptation();
  adaptation.queries.clear();
  const double predictions[] = {0.1, 0.7, 0.2, 0.3, 0.3, 0.4};
  for (int i = 0; i < 6; ++i) {
    ttt::QueryOutcome query{.query = i, .base = predictions[i], .adapted = predictions[5 - i]};
    adaptation.queries.push_back(query);
  }
  adaptation.queries[0].target = adaptation.queries[2].target = 0;
  adaptation.queries[1].target = 1;
  return adaptation;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("rows of a prompt's examples and queries are said with their classes and lines") {
  const std::vector<std::string> three = row_facts(prompt_of_table(three_classes));
  REQUIRE(three.size() == 2);
  CHECK(three[0] ==
        "Examples 0 to 14 are 5 rows x 3 classes: 15 residuals, for each row those of a, b, c in "
        "turn. In t.csv: lines 2, 3, 5, 7, 8.");
  CHECK(three[1] ==
        "Queries 0 to 5 are 2 rows x 3 classes: 6 predictions, for each row those of a, b, c in "
        "turn. In t.csv: lines 6, 9.");
  const std::vector<std::string> two = row_facts(prompt_of_table(two_classes));
  CHECK(two == std::vector<std::string>{
                   "Examples 0 to 3 are 4 rows: 4 residuals, one per row, of the probability of "
                   "the class yes (the rest is that of no). In t.csv: lines 2, 3, 4, 5.",
                   "Query 0 is 1 row: 1 prediction, of the probability of the class yes (the rest "
                   "is that of no). In t.csv: line 6."});
  const auto some = row_facts(prompt_of_table(two_classes, {.rows = 2, .folds = 2}));
  CHECK(some.front().starts_with("Examples 0 to 1 are 2 of 4 labelled rows: 2 res"));
  CHECK(row_facts(task::EncodedPrompt()).empty());
  CHECK(table_rows_json(task::EncodedPrompt()).is_null());
  CHECK(table_rows_text(task::EncodedPrompt(), nullptr, {}).empty());
  CHECK_THROWS_AS(task::prompt_rows(task::EncodedPrompt()), ArgumentError);
}

TEST_CASE("a query that is left alone keeps its numbers") {
  task::EncodedPrompt prompt = prompt_of_table(three_classes);
  prompt.query_tokens.erase(prompt.query_tokens.begin(), prompt.query_tokens.begin() + 3);
  prompt.query_numbers = {3, 4, 5};
  CHECK(row_facts(prompt)[1].starts_with("Queries 3 to 5 are 1 row x 3 classes: 3 predictions"));
  CHECK(table_rows_json(prompt)["query_lines"] == OrderedJson{9});
}

TEST_CASE("a table's JSON has numbers of rows and of scalars, and the lines of the rows") {
  const OrderedJson json = table_rows_json(prompt_of_table(three_classes));
  CHECK(json["label"] == "y");
  CHECK(json["examples"] == 5);
  CHECK(json["queries"] == 2);
  CHECK(json["unread"] == 1);
  CHECK(json["residuals"] == 15);
  CHECK(json["predictions"] == 6);
  CHECK(json["example_lines"] == OrderedJson{2, 3, 5, 7, 8});
  CHECK(json["query_lines"] == OrderedJson{6, 9});
}

TEST_CASE("rows that no file holds have no lines") {
  task::EncodedPrompt prompt = prompt_of_table(two_classes);
  auto table = std::make_shared<task::ClassTable>(*prompt.source);
  table->lines.assign(table->lines.size(), 0);
  prompt.source = std::move(table);
  CHECK(row_facts(prompt)[1] ==
        "Query 0 is 1 row: 1 prediction, of the probability of the class yes (the rest is that of "
        "no).");
  CHECK(table_rows_json(prompt)["example_lines"] ==
        OrderedJson{nullptr, nullptr, nullptr, nullptr});
  CHECK(table_rows_json(prompt)["query_lines"] == OrderedJson::array({nullptr}));
}

TEST_CASE("terminal and HTML show one table of the rows' classes") {
  const task::EncodedPrompt prompt = prompt_of_table(three_classes);
  const ttt::Adaptation adaptation = row_update();
  const auto rows = ttt::row_predictions(*prompt.source, adaptation);
  const OrderedJson cells = to_json(row_prediction_table(rows));
  REQUIRE(cells.size() == 2);
  CHECK(cells[0] == OrderedJson{{"row", 0.0},
                                {"before", "b"},
                                {"P before", 0.7},
                                {"after", "a"},
                                {"P after", 0.4},
                                {"known", "b"}});
  CHECK(cells[1]["known"] == "");
  const OrderedJson json = to_json(rows);
  CHECK(json[0] == OrderedJson{{"row", 0},
                               {"base", {{"class", "b"}, {"probability", 0.7}}},
                               {"adapted", {{"class", "a"}, {"probability", 0.4}}},
                               {"known", "b"}});
  CHECK(json[1]["known"].is_null());

  const std::string text = table_rows_text(prompt, &adaptation, {});
  check_width(text);
  CHECK(holds(text,
              "Most probable class of each row\n" + to_terminal(row_prediction_table(rows), {})));
  CHECK(holds(text, "\nRows of the table: 5 read as examples, 2 as queries, 1 not at all;"));
  CHECK(holds(text, "\"y\""));
  CHECK(holds(text, "- Examples 0 to 14 are 5 rows x 3 classes: 15 residuals"));
  CHECK_FALSE(holds(table_rows_text(prompt, nullptr, {}), "Most probable"));

  const geometry::PromptGeometry geometry = advice_geometry(15, 6, 2, 1);
  const advice::Plan plan = advice::plan(geometry, {});
  const std::string html = plan_html({}, plan, geometry.blocks, &adaptation, &prompt);
  CHECK(holds(html, ">Most probable class of each row</h2>"));
  CHECK(holds(html, ">Rows of the table</h2>"));
  CHECK(holds(html, "5 read as examples, 2 as queries, 1 not at all; labels: column "));
  for (const std::string& fact : row_facts(prompt)) CHECK(holds(html, fact));
  HtmlReport alone("title");
  alone.table(row_prediction_table(rows),
              "The class with the largest probability P, before and after the update");
  const std::string table_html = alone.html();
  const std::size_t begin = table_html.find("<tbody>");
  CHECK(holds(html, table_html.substr(begin, table_html.find("</tbody>") - begin)));
  CHECK_FALSE(holds(plan_html({}, plan, geometry.blocks, &adaptation), "Rows of the table"));
  CHECK(holds(horizon_html({}, plan.whole, &prompt), "15 residuals"));
  REQUIRE(plan.ranking);
  CHECK(holds(ranking_html({}, *plan.ranking, geometry.blocks, &prompt), "15 residuals"));
}
