#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sextant/core/random.hpp"
#include "sextant/io/json.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::report;

namespace {

using Eigen::Index;
using Keys = std::set<std::string>;

/// Blocks from random gradients: `layers` x 2 value heads and one MLP matrix per layer.
geometry::PromptGeometry random_geometry(Index n, Index m, int layers, double residual_scale) {
  Random random(5);
  const auto normals = [&](Index rows, Index cols) {
    Eigen::MatrixXd matrix(rows, cols);
    for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = random.normal();
    return matrix;
  };
  geometry::PromptGeometry geometry;
  geometry.residuals = residual_scale * normals(n, 1);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string prefix = "h." + std::to_string(layer);
    geometry.blocks.push_back({prefix + ".attn.v.0", layer, 0, "value", 12});
    geometry.blocks.push_back({prefix + ".attn.v.1", layer, 1, "value", 12});
    geometry.blocks.push_back({prefix + ".mlp.in", layer, {}, "mlp-in", 48});
  }
  const auto count = static_cast<Index>(geometry.blocks.size());
  geometry.query_kernels.assign(m, Eigen::MatrixXd(n, count));
  geometry.query_variances.resize(m, count);
  for (Index b = 0; b < count; ++b) {
    const Eigen::MatrixXd features = normals(n + m, 4);
    geometry.kernels.push_back(features.topRows(n) * features.topRows(n).transpose());
    for (Index x = 0; x < m; ++x) {
      geometry.query_kernels[x].col(b) = features.topRows(n) * features.row(n + x).transpose();
      geometry.query_variances(x, b) = features.row(n + x).squaredNorm();
    }
  }
  return geometry;
}

ttt::Adaptation two_query_adaptation() {
  ttt::Adaptation adaptation;
  adaptation.horizon = 2;
  adaptation.rho = 0.1;
  adaptation.solver = ttt::Solver::steps;
  adaptation.blocks = {"h.0.attn.v.1"};
  adaptation.queries = {{0, 0.5, 0.7, 0.72, 1.0, 0.25, 0.0784}, {1, 0.1, 0.3, 0.3, {}, {}, {}}};
  adaptation.prompt = {1.0, 0.6, 0.58};
  adaptation.validity = {0.02, 0.3, 0.9, 0.22};
  adaptation.residual_norms = {1.0, 0.8, 0.6};
  adaptation.residual_norms_predicted = {1.0, 0.78, 0.58};
  return adaptation;
}

Keys keys(const OrderedJson& json) {
  Keys result;
  for (const auto& [key, value] : json.items()) result.insert(key);
  return result;
}

/// All keys of the contract are there; keys may be added.
void check_keys(const OrderedJson& json, const Keys& contract) {
  const Keys present = keys(json);
  for (const auto& key : contract) {
    CAPTURE(key);
    CHECK(present.count(key) == 1);
  }
}

void check_select(const OrderedJson& json, std::size_t n, std::size_t m) {
  check_keys(json,
             {"n", "rho", "lambda_max", "eigenvalues", "sigma2", "sigma", "benchmark", "horizons",
              "evidence", "t_map", "posterior", "bound", "spectral_match", "queries"});
  check_keys(json["benchmark"], {"tau2", "sigma2", "lambda_star"});
  check_keys(json["spectral_match"], {"t_mu", "horizon_prompt", "horizon_query"});
  if (!json["bound"].is_null()) {
    check_keys(json["bound"], {"delta", "reference", "paper", "exact_mgf", "exact_tail"});
  }
  CHECK(json["n"] == n);
  CHECK(json["eigenvalues"].size() == n);
  CHECK(json["horizons"].size() == json["evidence"].size());
  CHECK(json["horizons"].size() == json["posterior"].size());
  REQUIRE(json["queries"].size() == m);
  CHECK(json["spectral_match"]["horizon_query"].size() == m);
  for (const auto& query : json["queries"]) {
    check_keys(query, {"correction_map", "correction_average", "correction_bayes", "gap_none",
                       "gap_map", "adapt"});
    CHECK(query["adapt"].is_boolean());
  }
}

void check_score(const OrderedJson& json) {
  check_keys(json, {"method", "sigma2", "tau2", "ranking", "selected"});
  for (const auto& entry : json["ranking"]) {
    check_keys(entry, {"block", "layer", "head", "kind", "parameters", "score", "rank"});
    CHECK((entry["head"].is_null() || entry["head"].is_number_integer()));
  }
}

void check_width(const std::string& text) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    CAPTURE(line);
    CHECK(display_width(line) <= 80);
  }
  CHECK((text.empty() || text.back() == '\n'));
}

}  // namespace

TEST_CASE("select, score and advise follow the JSON contract") {
  for (const Index m : {Index{0}, Index{3}}) {
    for (const double scale : {0.0, 1.0}) {
      const auto geometry = random_geometry(6, m, 2, scale);
      CAPTURE(m);
      CAPTURE(scale);
      const auto selection = advice::choose_horizon(geometry);
      const OrderedJson select = to_json(selection);
      check_select(select, 6, static_cast<std::size_t>(m));
      CHECK(select["sigma"] == "plug-in");
      if (scale > 0) {
        CHECK(select["evidence"][3] == selection.curve.values[3]);
        CHECK(select["rho"] == selection.rho);
      } else {
        CHECK(select["bound"]["exact_tail"].is_null());
        CHECK(select["evidence"][0].is_null());  // -infinity.
      }
      for (const auto method :
           {subspace::Method::risk, subspace::Method::query_aware, subspace::Method::trace_bottom,
            subspace::Method::greedy_correction, subspace::Method::random}) {
        advice::BlockRankingOptions options;
        options.method = method;
        const auto scoring = advice::rank_blocks(geometry, options);
        const OrderedJson score = to_json(scoring);
        check_score(score);
        CHECK(score["method"] == subspace::name_of(method));
        CHECK(score["selected"].size() == scoring.selected.size());
        CHECK(score["alone"].size() == geometry.blocks.size());
        if (!subspace::is_greedy(method)) CHECK(score["ranking"].size() == geometry.blocks.size());
      }
      const auto plan = advice::plan(geometry);
      const OrderedJson advise = to_json(
          plan, ttt::expected_adaptation(geometry, plan.block_names, plan.rho, plan.horizon));
      check_keys(advise, {"advice", "queries", "prompt", "validity"});
      CHECK(advise["queries"].size() == static_cast<std::size_t>(m));
      for (const auto& query : advise["queries"]) CHECK(query["adapted"].is_null());
      check_keys(advise["prompt"],
                 {"residual_norm_before", "residual_norm_after", "residual_norm_predicted"});
      CHECK(advise["prompt"]["residual_norm_after"].is_null());
      CHECK(advise["validity"]["bound"].is_null());
      CHECK(advise["update"].is_null());
      check_keys(advise["advice"],
                 {"adapt", "verdict", "reason", "blocks", "horizon", "rho", "select"});
      check_select(advise["advice"]["select"], 6, static_cast<std::size_t>(m));
      CHECK(advise["advice"]["adapt"] == plan.adapt);
    }
  }
}

TEST_CASE("adapt follows the JSON contract") {
  const auto plan = advice::plan(random_geometry(5, 2, 1, 1.0));
  auto adaptation = two_query_adaptation();
  adaptation.validity.bound = std::numeric_limits<double>::infinity();
  const OrderedJson json = to_json(plan, adaptation);
  check_keys(json, {"advice", "queries", "prompt", "validity"});
  REQUIRE(json["queries"].size() == 2);
  for (const auto& query : json["queries"]) {
    check_keys(query, {"base", "linearized", "adapted", "target", "squared_error_base",
                       "squared_error_adapted"});
  }
  CHECK(json["queries"][0]["squared_error_adapted"] == 0.0784);
  CHECK(json["queries"][1]["target"].is_null());
  check_keys(json["prompt"],
             {"residual_norm_before", "residual_norm_after", "residual_norm_predicted"});
  check_keys(json["validity"], {"deviation", "kernel_drift", "bound", "largest_move"});
  CHECK(json["validity"]["bound"].is_null());
}

TEST_CASE("JSON text is valid, deterministic and round-trips") {
  const auto geometry = random_geometry(6, 2, 2, 1.0);
  const auto adaptation = two_query_adaptation();
  const auto text = json_text(to_json(advice::plan(geometry), adaptation));
  CHECK(text == json_text(to_json(advice::plan(geometry), adaptation)));
  CHECK(text.back() == '\n');
  const auto parsed = io::parse_json(text, "advice.json");
  const auto selection = advice::choose_horizon(geometry);
  for (Index i = 0; i < 6; ++i) {
    CHECK(parsed["advice"]["select"]["eigenvalues"][i].get<double>() == selection.system.values[i]);
  }
  CHECK(json_text(OrderedJson{{"name", "a\xff"}}).find("a\uFFFD") != std::string::npos);
}

TEST_CASE("terminal texts fit 80 columns on ordinary and degenerate input") {
  const TerminalStyle style;
  for (const Index n : {Index{1}, Index{6}}) {
    for (const Index m : {Index{0}, Index{1}, Index{3}}) {
      for (const double scale : {0.0, 1.0}) {
        for (const int layers : {1, 3}) {
          auto geometry = random_geometry(n, m, layers, scale);
          geometry.blocks[0].name = "ein.sehr.langer.块.name.with.many.parts.and.a.tail.v.0";
          const auto plan = advice::plan(geometry);
          check_width(plan_text(plan, geometry.blocks, style));
          check_width(selection_text(plan.whole, style));
          REQUIRE(plan.scoring);
          check_width(scoring_text(*plan.scoring, geometry.blocks, style));
        }
      }
    }
  }
  check_width(adaptation_text(two_query_adaptation(), style));
  check_width(adaptation_text({}, style));
}

TEST_CASE("a zero kernel is said in words") {
  auto geometry = random_geometry(3, 1, 1, 1.0);
  for (auto& kernel : geometry.kernels) kernel.setZero();
  for (auto& coupling : geometry.query_kernels) coupling.setZero();
  const auto selection = advice::choose_horizon(geometry);
  CHECK(summarize(selection).statement.find("the kernel is zero") != std::string::npos);
  check_select(to_json(selection), 3, 1);
  check_width(selection_text(selection, {}));
  CHECK(selection_html({"t", "", {}}, selection).find("the kernel is zero") != std::string::npos);
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
}

TEST_CASE("blocks for maps: orders for greedy rules, scores for the others") {
  const auto geometry = random_geometry(6, 2, 2, 1.0);
  advice::BlockRankingOptions options;
  options.method = subspace::Method::query_aware;
  options.budget = 2;
  auto scoring = advice::rank_blocks(geometry, options);
  auto blocks = scored_blocks(scoring, geometry.blocks);
  int chosen = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    CHECK(blocks[i].block == geometry.blocks[i]);
    CHECK(std::isfinite(blocks[i].score));
    CHECK_FALSE(blocks[i].order);
    chosen += blocks[i].selected ? 1 : 0;
  }
  CHECK(chosen == 2);
  std::string name;
  auto alone = best_first(blocks_alone(scoring, geometry.blocks, name), scoring.method);
  CHECK(alone[0].block == scoring.ranking[0].block);
  CHECK(name == "query-aware score");

  options.method = subspace::Method::risk;
  scoring = advice::rank_blocks(geometry, options);
  blocks = scored_blocks(scoring, geometry.blocks);
  CHECK(blocks[scoring.ranking[1].index].order == 2);
  alone = best_first(blocks_alone(scoring, geometry.blocks, name), scoring.method);
  CHECK(alone[0].block == scoring.ranking[0].block);  // The best single block is chosen first.
  CHECK(alone[0].score == test::close(scoring.error_none - scoring.ranking[0].score, 1e-12));
}

TEST_CASE("where nothing is chosen, the map shows each block by itself") {
  auto geometry = random_geometry(6, 2, 2, 1.0);
  geometry.residuals.setZero();
  const auto scoring = advice::rank_blocks(geometry);
  REQUIRE(scoring.ranking.empty());
  CHECK_FALSE(shows_order(scoring));
  const std::string text = scoring_text(scoring, geometry.blocks, {});
  CHECK(text.find("Shaded: fall of the expected error, each block alone") != std::string::npos);
  CHECK(text.find("order of choice") == std::string::npos);
  CHECK(text.find("··") != std::string::npos);
  const std::string html = scoring_html({"t", "", {}}, scoring, geometry.blocks);
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
  const auto geometry = random_geometry(6, 2, 2, 1.0);
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
  CHECK(scoring_html(heading, *plan.scoring, geometry.blocks).find("Which blocks") !=
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
  auto geometry = random_geometry(12, 2, 12, 1.0);
  for (auto& block : geometry.blocks) {
    block.name = "model.decoder.layers." + block.name + ".self_attention.value_projection.weight";
  }
  // Residuals that steps explain well.
  geometry.residuals.setZero();
  for (const auto& kernel : geometry.kernels) geometry.residuals += kernel.col(0) / 40;
  advice::PlanOptions options;
  options.score.method = subspace::Method::trace;
  geometry.block_scales = {{geometry.blocks[3].name, 4.0}};
  const auto plan = advice::plan(geometry, options);
  REQUIRE(plan.adapt);
  REQUIRE(plan.blocks.size() == 36);
  const std::string text = plan_text(plan, geometry.blocks, {}) + to_do_text(plan, {}) +
                           scoring_text(*plan.scoring, geometry.blocks, {});
  const std::string to_do = to_do_text(plan, {});
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
    auto geometry = random_geometry(8, 2, 3, share);
    const auto plan = advice::plan(geometry);
    if (plan.adapt) continue;
    ++against;
    const std::string text = plan_text(plan, geometry.blocks, {}) + to_do_text(plan, {});
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

TEST_CASE("T_MAP outside of where the posterior lies is explained") {
  auto selection = advice::choose_horizon(random_geometry(8, 2, 3, 1.0));
  const auto explained = [&] {
    const auto facts = horizon_facts(selection);
    return std::ranges::any_of(facts, [](const std::string& fact) {
      return fact.find("no contradiction") != std::string::npos;
    });
  };
  selection.posterior.weights = Eigen::VectorXd::Constant(31, 1.0 / 31);
  selection.t_map = 15;
  CHECK_FALSE(explained());
  selection.t_map = 0;
  CHECK(explained());
}

TEST_CASE("a query whose gap falls while the update probably does not help is explained") {
  auto selection = advice::choose_horizon(random_geometry(8, 2, 3, 1.0));
  selection.t_map = 3;
  selection.queries[0].adapt = true;
  selection.queries[0].probability_closer = 0.4;
  selection.queries[1].adapt = true;
  selection.queries[1].probability_closer = 0.6;
  const auto last = [&] { return summarize(selection).facts.back(); };
  CHECK(last().starts_with("For query 0 gap and P(closer) point opposite ways"));
  selection.queries[0].probability_closer = 0.6;
  CHECK(last().find("opposite") == std::string::npos);
  selection.queries[1].adapt = false;
  CHECK(last().starts_with("For query 1 gap"));
}

TEST_CASE("what a geometry knows of its queries is shown without a model") {
  auto geometry = random_geometry(8, 2, 3, 1.0);
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

TEST_CASE("a lambda_star that is not identified is no number") {
  auto geometry = random_geometry(1, 1, 1, 1.0);
  const auto selection = advice::choose_horizon(geometry);
  const OrderedJson json = to_json(selection);
  CHECK(json["benchmark"]["lambda_star"].is_null());
  CHECK(json["benchmark"]["identified"] == false);
  CHECK(selection_text(selection, {}).find("not identified") != std::string::npos);
  CHECK(selection_html({"t", "", {}}, selection).find("not identified") != std::string::npos);
  const OrderedJson other = to_json(advice::choose_horizon(random_geometry(8, 1, 1, 1.0)));
  CHECK(other["benchmark"]["identified"] == true);
  CHECK(other["benchmark"]["lambda_star"].is_number());
}
