/// Advice in words, tables and documents.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "report/advice_case.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::report;
using namespace sextant::test;
using Eigen::Index;

TEST_CASE("terminal texts fit 80 columns on ordinary and degenerate input") {
  const TerminalStyle style;
  for (const Index n : {Index{1}, Index{6}}) {
    for (const Index m : {Index{0}, Index{1}, Index{3}}) {
      for (const double scale : {0.0, 1.0}) {
        for (const int layers : {1, 3}) {
          auto geometry = advice_geometry(n, m, layers, scale);
          geometry.blocks[0].name = "ein.sehr.langer.块.name.with.many.parts.and.a.tail.v.0";
          const auto plan = advice::plan(geometry);
          check_width(plan_text(plan, geometry.blocks, style));
          check_width(horizon_text(plan.whole, style));
          REQUIRE(plan.ranking);
          check_width(ranking_text(*plan.ranking, geometry.blocks, style));
        }
      }
    }
  }
  check_width(adaptation_text(two_query_adaptation(), style));
  check_width(adaptation_text({}, style));
}

TEST_CASE("a zero kernel is said in words") {
  auto geometry = advice_geometry(3, 1, 1, 1.0);
  for (auto& kernel : geometry.kernels) kernel.setZero();
  for (auto& coupling : geometry.query_kernels) coupling.setZero();
  const auto choice = advice::choose_horizon(geometry);
  CHECK(summarize(choice).statement.find("the kernel is zero") != std::string::npos);
  check_width(horizon_text(choice, {}));
  CHECK(horizon_html({"t", "", {}}, choice).find("the kernel is zero") != std::string::npos);
}

TEST_CASE("what an update did, in words") {
  auto adaptation = two_query_adaptation();
  auto summary = summarize(adaptation);
  CHECK(summary.statement ==
        "2 steps on 1 block lowered the mean squared error of 1 query from 0.25 to 0.0784.");
  CHECK(summary.facts.at(1).starts_with("The linear model held:"));
  adaptation.validity.deviation = 0.09;
  CHECK(summarize(adaptation).facts.at(1).starts_with("The linear model held roughly:"));
  adaptation.validity.deviation = 0.2;
  CHECK(summarize(adaptation).facts.at(1).starts_with("The linear model did not hold:"));
  adaptation.queries[0].squared_error_adapted = 0.5;
  CHECK(summarize(adaptation).statement.find(" raised ") != std::string::npos);
  adaptation.queries.erase(adaptation.queries.begin());
  CHECK(summarize(adaptation).statement ==
        "2 steps on 1 block moved the queries' predictions by up to 0.2.");
  adaptation.horizon = 0;
  CHECK(summarize(adaptation).statement.starts_with("No update was made"));
  CHECK(summarize(adaptation).facts ==
        std::vector<std::string>{"Residual norm of the labelled examples: 1."});
  const std::string text = adaptation_text(two_query_adaptation(), {});
  CHECK(text.find("Queries before and after") != std::string::npos);
  CHECK(text.find("error after") != std::string::npos);
  adaptation = two_query_adaptation();
  adaptation.horizon = 0;
  HtmlReport report("none");
  add_adaptation(report, adaptation);
  for (const std::string& none : {adaptation_text(adaptation, {}), report.html()}) {
    for (const auto* word : {"before and after", "linearized", "adapted", "error after"}) {
      CAPTURE(word);
      CHECK(none.find(word) == std::string::npos);
    }
    CHECK(none.find("squared error") != std::string::npos);
  }
}

TEST_CASE("blocks for maps: orders for greedy rules, scores for the others") {
  const auto geometry = advice_geometry(6, 2, 2, 1.0);
  advice::BlockRankingOptions options;
  options.method = subspace::Method::query_aware;
  options.budget = 2;
  auto ranking = advice::rank_blocks(geometry, options);
  auto blocks = scored_blocks(ranking, geometry.blocks);
  int chosen = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    CHECK(blocks[i].block == geometry.blocks[i]);
    CHECK(std::isfinite(blocks[i].score));
    CHECK_FALSE(blocks[i].order);
    chosen += blocks[i].selected ? 1 : 0;
  }
  CHECK(chosen == 2);
  std::string name;
  auto alone = best_first(blocks_alone(ranking, geometry.blocks, name), ranking.method);
  CHECK(alone[0].block == ranking.blocks[0].block);
  CHECK(name == "query-aware score");

  options.method = subspace::Method::risk;
  ranking = advice::rank_blocks(geometry, options);
  blocks = scored_blocks(ranking, geometry.blocks);
  CHECK(blocks[ranking.blocks[1].index].order == 2);
  alone = best_first(blocks_alone(ranking, geometry.blocks, name), ranking.method);
  CHECK(alone[0].block == ranking.blocks[0].block);  // The best single block is chosen first.
  CHECK(alone[0].score == test::close(ranking.error_none - ranking.blocks[0].score, 1e-12));
}

TEST_CASE("where nothing is chosen, the map shows each block by itself") {
  auto geometry = advice_geometry(6, 2, 2, 1.0);
  geometry.residuals.setZero();
  const auto ranking = advice::rank_blocks(geometry);
  REQUIRE(ranking.blocks.empty());
  CHECK_FALSE(shows_order(ranking));
  const std::string text = ranking_text(ranking, geometry.blocks, {});
  CHECK(text.find("Shaded: fall of the expected error, each block alone") != std::string::npos);
  CHECK(text.find("order of choice") == std::string::npos);
  CHECK(text.find("··") != std::string::npos);
  const std::string html = ranking_html({"t", "", {}}, ranking, geometry.blocks);
  CHECK(html.find("What each further block adds") == std::string::npos);
  CHECK(html.find("order of choice") == std::string::npos);
  ttt::Adaptation none;
  none.residual_norms = {1.0};
  none.residual_norms_predicted = {1.0};
  HtmlReport report("none");
  add_adaptation(report, none);
  CHECK(report.html().find("Fit of the labelled examples") == std::string::npos);
}

TEST_CASE("whole documents hold verdict, figures and provenance") {
  const auto geometry = advice_geometry(6, 2, 2, 1.0);
  const auto plan = advice::plan(geometry);
  const auto adaptation = two_query_adaptation();
  const Heading heading{"Advice", "prompt.json", {"sextant advise <x>", "0.1.0", {{"seed", "1"}}}};
  const std::string html = plan_html(heading, plan, geometry.blocks, &adaptation);
  CHECK(html.find(html_escape(plan.reason)) != std::string::npos);
  for (const auto* text :
       {"How far", "Which blocks", "What the update did", "lowered the mean squared error",
        "sextant advise &lt;x&gt;", "Evidence over horizons", "Bayes filter of the benchmark"}) {
    CAPTURE(text);
    CHECK(html.find(text) != std::string::npos);
  }
  CHECK(html == plan_html(heading, plan, geometry.blocks, &adaptation));
  CHECK(plan_html(heading, plan, geometry.blocks, nullptr).find("What the update did") ==
        std::string::npos);
  CHECK(ranking_html(heading, *plan.ranking, geometry.blocks).find("Which blocks") !=
        std::string::npos);
  auto one_shot = adaptation;
  one_shot.horizon = 9;
  one_shot.residual_norms = {1, 0.5};
  one_shot.residual_norms_predicted = {1, 0.4};
  HtmlReport report("one-shot");
  add_adaptation(report, one_shot);
  CHECK(report.html().find("9%2Cmeasured%2C0.5") != std::string::npos);
}

TEST_CASE("an advice to adapt ends in what to do, with all names in full") {
  auto geometry = advice_geometry(12, 2, 12, 1.0);
  for (auto& block : geometry.blocks) {
    block.name = "model.decoder.layers." + block.name + ".self_attention.value_projection.weight";
  }
  // Residuals that steps explain well.
  geometry.residuals.setZero();
  for (const auto& kernel : geometry.kernels) geometry.residuals += kernel.col(0) / 40;
  advice::PlanOptions options;
  options.ranking.method = subspace::Method::trace;
  geometry.block_scales = {{geometry.blocks[3].name, 4.0}};
  const auto plan = advice::plan(geometry, options);
  REQUIRE(plan.adapt);
  REQUIRE(plan.blocks.size() == 36);
  const std::string text = plan_text(plan, geometry.blocks, {}) +
                           to_do_text(plan, nullptr, nullptr, {}) +
                           ranking_text(*plan.ranking, geometry.blocks, {});
  const std::string to_do = to_do_text(plan, nullptr, nullptr, {});
  CHECK(to_do.find("fold") == std::string::npos);
  task::EncodedPrompt rows;
  rows.table = std::make_shared<model::RowTable>();
  CHECK(to_do_text(plan, nullptr, &rows, {}).find("without the row's fold") != std::string::npos);
  const std::string html = plan_html({"t", "", {}}, plan, geometry.blocks, nullptr);
  CHECK(to_do.starts_with("\nTo do it\n- Steps: " + std::to_string(plan.horizon) + " of plain"));
  CHECK(html.find("To do it") != std::string::npos);
  for (const auto& block : geometry.blocks) {
    CHECK(to_do.find(block.name) != std::string::npos);
    CHECK(html.find(block.name) != std::string::npos);
  }
  CHECK(text.find("more.") == std::string::npos);
  std::string cut = text;
  for (auto at = cut.find("… "); at != std::string::npos; at = cut.find("… ")) cut.erase(at, 3);
  CHECK(cut.find("…") == std::string::npos);  // only "… 12 more rows"
  for (const auto* words : {"half the sum of", "AdamW", "LoRA", "plain gradient descent",
                            "Block scales: the learning rate"}) {
    CAPTURE(words);
    std::string unwrapped = to_do;
    for (auto at = unwrapped.find("\n  "); at != std::string::npos; at = unwrapped.find("\n  ")) {
      unwrapped.replace(at, 3, " ");
    }
    CHECK(unwrapped.find(words) != std::string::npos);
  }
  check_width(to_do);
  auto adaptation = two_query_adaptation();
  for (const auto& [solver, made] : {std::pair(ttt::Solver::one_shot, "made in one pass, and not"),
                                     std::pair(ttt::Solver::steps, "")}) {
    adaptation.solver = solver;
    const std::string beside = to_do_text(plan, &adaptation, nullptr, {});
    CHECK((beside.find("The update above was made in one pass, and not by these steps") !=
           std::string::npos) == (*made != 0));
  }

  const OrderedJson json = to_json(plan);
  CHECK(json["to_do"]["steps"] == plan.horizon);
  CHECK(json["to_do"]["learning_rate"] == plan.rho);
  CHECK(json["to_do"]["learning_rate_mean"] == plan.rho * 6);
  CHECK(json["to_do"]["blocks"] == plan.block_names);
  CHECK(json["to_do"]["block_scales"][geometry.blocks[3].name] == 4.0);
  CHECK(json["horizon"] == plan.horizon);
  check_keys(json["to_do"], {"steps", "learning_rate", "loss", "optimizer", "blocks"});
  check_keys(json["comparison"], {"error_none", "error_bayes", "chosen", "all", "single"});
  CHECK(json["comparison"]["all"]["blocks"].size() == 36);
  CHECK(plan_text(plan, geometry.blocks, {}).find("Does it matter which?") != std::string::npos);
  CHECK(html.find("Does it matter which?") != std::string::npos);
}

TEST_CASE("an advice not to adapt says nothing that contradicts it") {
  int against = 0;
  for (const double share : {1.0, 0.5, 0.2}) {
    auto geometry = advice_geometry(8, 2, 3, share);
    const auto plan = advice::plan(geometry);
    if (plan.adapt) continue;
    ++against;
    const std::string text =
        plan_text(plan, geometry.blocks, {}) + to_do_text(plan, nullptr, nullptr, {});
    const std::string html = plan_html({"t", "", {}}, plan, geometry.blocks, nullptr);
    for (const auto* words : {"chosen  ", "Shaded", "value heads", "falls", "To do it", "Adapt:"}) {
      CAPTURE(words);
      CHECK(text.find(words) == std::string::npos);
    }
    for (const auto* words : {"Which blocks", "To do it", "Ranking"}) {
      CAPTURE(words);
      CHECK(html.find(words) == std::string::npos);
    }
    const OrderedJson json = to_json(plan);
    CHECK(json["horizon"].is_null());
    CHECK(json["to_do"].is_null());
    CHECK(summarize(plan).statement.starts_with("Do not adapt"));
  }
  CHECK(against > 0);
}

TEST_CASE("two numbers that are compared are written apart, or not compared") {
  auto adaptation = two_query_adaptation();
  adaptation.queries[0].squared_error_base = 0.2;
  adaptation.queries[0].squared_error_adapted = 0.19999;
  adaptation.prompt = {1413.2, 1413.001, 1413.002};
  auto summary = summarize(adaptation);
  CHECK(summary.statement.ends_with(
      "lowered the mean squared error of 1 query from 0.2 to 0.19999."));
  CHECK(summary.facts.at(0).find("1413.2 before, 1413 after") != std::string::npos);
  adaptation.queries[0].squared_error_adapted = 0.2 * (1 - 1e-8);
  CHECK(summarize(adaptation)
            .statement.ends_with("hardly changed the mean squared error of 1 query, 0.2."));
}

TEST_CASE("a Bayes correction outside of its own interval is explained") {
  auto choice = advice::choose_horizon(advice_geometry(8, 2, 3, 1.0));
  choice.t_map = 3;
  for (auto& query : choice.queries) {
    query.correction_bayes = 0.1;
    query.interval = {-0.2, 0.3};
  }
  const std::string_view note = "may lie outside of its interval";
  CHECK(interval_note(choice).empty());
  CHECK(horizon_text(choice, {}).find(note) == std::string::npos);
  choice.queries[1].correction_bayes = 0.31;
  CHECK(interval_note(choice).find(note) != std::string::npos);
  check_width(horizon_text(choice, {}));
  CHECK(horizon_html({"t", "", {}}, choice).find(note) != std::string::npos);
}

TEST_CASE("rounding of predictions is no failure of the linear model") {
  auto adaptation = two_query_adaptation();
  adaptation.validity.deviation = 4.38e-7;
  adaptation.validity.largest_move = 1.95e-7;
  CHECK(summarize(adaptation).facts.at(1).starts_with("The linear model held to the rounding"));
  adaptation.validity.deviation = 4.38e-5;
  CHECK(summarize(adaptation).facts.at(1).starts_with("The linear model did not hold:"));
}

TEST_CASE("where no block is chosen none is said to take steps") {
  const auto geometry = advice_geometry(8, 2, 2, 1.0);
  auto ranking = advice::rank_blocks(geometry, {});
  ranking.selected.clear();
  for (const auto& fact : summarize(ranking, geometry.blocks.size()).facts) {
    CHECK(fact.find("on the chosen blocks") == std::string::npos);
  }
}

TEST_CASE("T_MAP outside of where the posterior lies is explained") {
  auto choice = advice::choose_horizon(advice_geometry(8, 2, 3, 1.0));
  const auto explained = [&] {
    const auto facts = horizon_facts(choice);
    return std::ranges::any_of(facts, [](const std::string& fact) {
      return fact.find("no contradiction") != std::string::npos;
    });
  };
  choice.posterior.weights = Eigen::VectorXd::Constant(31, 1.0 / 31);
  choice.t_map = 15;
  CHECK_FALSE(explained());
  choice.t_map = 0;
  CHECK(explained());
}

TEST_CASE("a query whose gap falls while the update probably does not help is explained") {
  auto choice = advice::choose_horizon(advice_geometry(8, 2, 3, 1.0));
  choice.t_map = 3;
  choice.queries[0].adapt = true;
  choice.queries[0].probability_closer = 0.4;
  choice.queries[1].adapt = true;
  choice.queries[1].probability_closer = 0.6;
  const auto last = [&] { return summarize(choice).facts.back(); };
  CHECK(last().starts_with("For query 0 gap and P(closer) point opposite ways"));
  choice.queries[0].probability_closer = 0.6;
  CHECK(last().find("opposite") == std::string::npos);
  choice.queries[1].adapt = false;
  CHECK(last().starts_with("For query 1 gap"));
}

TEST_CASE("what a geometry knows of its queries is shown without a model") {
  auto geometry = advice_geometry(8, 2, 3, 1.0);
  auto expected = ttt::expected_adaptation(geometry, {geometry.blocks[0].name}, 1e-3, 2);
  CHECK(expectation_text(expected, {}).empty());
  geometry.query_base = Eigen::Vector2d(0.25, 0.5);
  geometry.query_targets = {1.0, std::nullopt};
  expected = ttt::expected_adaptation(geometry, {geometry.blocks[0].name}, 1e-3, 2);
  const std::string text = expectation_text(expected, {});
  for (const auto* header : {"base", "linearized", "target"}) {
    CHECK(text.find(header) != std::string::npos);
  }
  CHECK(text.find("adapted") == std::string::npos);
  CHECK(text.find("0.25") != std::string::npos);
  const auto plan = advice::plan(geometry);
  CHECK(plan_html({"t", "", {}}, plan, geometry.blocks, &expected).find("linearized") !=
        std::string::npos);
}

TEST_CASE("a horizon that was given is not called T_MAP") {
  const auto geometry = advice_geometry(8, 2, 3, 1.0);
  const auto plan = advice::plan(geometry, {.ranking = {.horizon = 5}});
  REQUIRE(plan.chosen);
  const std::string text = plan_text(plan, geometry.blocks, {});
  CHECK(text.find("after 5 steps") != std::string::npos);
  CHECK(text.find("evidence at T = 5") != std::string::npos);
  CHECK(text.find("gap T_MAP") == std::string::npos);
  CHECK(text.find("The 5 steps were given. Of 31 candidates the evidence is best at T_MAP = ") !=
        std::string::npos);
  const std::string html = plan_html({"t", "", {}}, plan, geometry.blocks, nullptr);
  CHECK(html.find("horizon T, as given") != std::string::npos);
  CHECK(html.find("horizon T_MAP") == std::string::npos);
  CHECK(html.find("Evidence of each candidate horizon") == std::string::npos);
  check_width(text);
  const auto of_one = advice::plan(geometry, {.ranking = {.horizon = 1}});
  CHECK(plan_text(of_one, geometry.blocks, {}).find("The 1 step was given.") != std::string::npos);
}

TEST_CASE("a horizon of no steps that was given is no finding") {
  const auto geometry = advice_geometry(8, 2, 3, 1.0);
  const auto plan = advice::plan(geometry, {.ranking = {.horizon_options = {.horizons = {0}}}});
  const std::string given = "Do not adapt: the given horizon is 0 steps.";
  CHECK(plan.reason == given);
  CHECK(summarize(plan.whole).statement == given);
  const std::string html = plan_html({"t", "", {}}, plan, geometry.blocks, nullptr);
  CHECK(html.find("blocks to adapt") != std::string::npos);  // 0 of them
  CHECK(html.find("blocks considered") == std::string::npos);
}
