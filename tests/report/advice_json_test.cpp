/// The JSON of advice, key by key.

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "report/advice_case.hpp"
#include "sextant/advice/choose_horizon_products.hpp"
#include "sextant/io/json.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/report/advice_text.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/ttt/linear_prediction.hpp"

using namespace sextant;
using namespace sextant::report;
using namespace sextant::test;

namespace {

using Eigen::Index;

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

}  // namespace

TEST_CASE("select, score and advise follow the JSON contract") {
  for (const Index m : {Index{0}, Index{3}}) {
    for (const double scale : {0.0, 1.0}) {
      const auto geometry = advice_geometry(6, m, 2, scale);
      CAPTURE(m);
      CAPTURE(scale);
      const auto choice = advice::choose_horizon(geometry);
      const OrderedJson select = to_json(choice);
      check_select(select, 6, static_cast<std::size_t>(m));
      CHECK(select["sigma"] == "plug-in");
      if (scale > 0) {
        CHECK(select["evidence"][3] == choice.curve.values[3]);
        CHECK(select["rho"] == choice.rho);
      } else {
        CHECK(select["bound"]["exact_tail"].is_null());
        CHECK(select["evidence"][0].is_null());  // -infinity.
      }
      for (const auto method :
           {subspace::Method::risk, subspace::Method::query_aware, subspace::Method::trace_bottom,
            subspace::Method::greedy_correction, subspace::Method::random}) {
        advice::BlockRankingOptions options;
        options.method = method;
        const auto ranking = advice::rank_blocks(geometry, options);
        const OrderedJson score = to_json(ranking);
        check_score(score);
        CHECK(score["method"] == subspace::name_of(method));
        CHECK(score["selected"].size() == ranking.selected.size());
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

TEST_CASE("a zero kernel follows the JSON contract") {
  auto geometry = advice_geometry(3, 1, 1, 1.0);
  for (auto& kernel : geometry.kernels) kernel.setZero();
  for (auto& coupling : geometry.query_kernels) coupling.setZero();
  check_select(to_json(advice::choose_horizon(geometry)), 3, 1);
}

TEST_CASE("adapt follows the JSON contract") {
  const auto plan = advice::plan(advice_geometry(5, 2, 1, 1.0));
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
  const auto geometry = advice_geometry(6, 2, 2, 1.0);
  const auto adaptation = two_query_adaptation();
  const auto text = json_text(to_json(advice::plan(geometry), adaptation));
  CHECK(text == json_text(to_json(advice::plan(geometry), adaptation)));
  CHECK(text.back() == '\n');
  const auto parsed = io::parse_json(text, "advice.json");
  const auto choice = advice::choose_horizon(geometry);
  for (Index i = 0; i < 6; ++i) {
    CHECK(parsed["advice"]["select"]["eigenvalues"][i].get<double>() == choice.system.values[i]);
  }
  CHECK(json_text(OrderedJson{{"name", "a\xff"}}).find("a\uFFFD") != std::string::npos);
}

TEST_CASE("a lambda_star that is not identified is no number") {
  auto geometry = advice_geometry(1, 1, 1, 1.0);
  const auto choice = advice::choose_horizon(geometry);
  const OrderedJson json = to_json(choice);
  CHECK(json["benchmark"]["lambda_star"].is_null());
  CHECK(json["benchmark"]["identified"] == false);
  CHECK(horizon_text(choice, {}).find("not identified") != std::string::npos);
  CHECK(horizon_html({"t", "", {}}, choice).find("not identified") != std::string::npos);
  const OrderedJson other = to_json(advice::choose_horizon(advice_geometry(8, 1, 1, 1.0)));
  CHECK(other["benchmark"]["identified"] == true);
  CHECK(other["benchmark"]["lambda_star"].is_number());
}

TEST_CASE("a lambda_star that products do not identify is no number either") {
  const Eigen::MatrixXd identity = 2 * Eigen::MatrixXd::Identity(50, 50);
  const spectral::DenseKernel kernel(identity);
  advice::KernelProducts prompt;
  prompt.kernel = &kernel;
  prompt.residuals = Eigen::VectorXd::LinSpaced(50, -1, 2);
  const auto choice = advice::choose_horizon(prompt, {}, {20, 4, 1});
  const OrderedJson json = to_json(choice);
  CHECK(json["benchmark"]["lambda_star"].is_null());
  CHECK(json["benchmark"]["identified"] == false);
  CHECK(json["method"]["lambda_star_low"] == 0.0);
  CHECK(json["method"]["lambda_star_high"].is_null());
  CHECK(horizon_text(choice, {}).find("not identified") != std::string::npos);
  CHECK(horizon_html({"t", "", {}}, choice).find("not identified") != std::string::npos);
  check_width(horizon_text(choice, {}));
}
