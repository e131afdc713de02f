/// What other sets of blocks would give.

#include <doctest/doctest.h>

#include <string>

#include "report/advice_case.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/report/advice_text.hpp"

using namespace sextant;
using namespace sextant::report;
using namespace sextant::test;

TEST_CASE("evidence against the chosen set alone is shown beside what other sets would give") {
  advice::Plan plan;
  plan.verdict = advice::Verdict::no_evidence;
  plan.whole.t_map = 7;
  CHECK_FALSE(shows_comparison(plan));
  plan.comparison.emplace();
  CHECK(shows_comparison(plan));
  plan.whole.t_map = 0;
  CHECK_FALSE(shows_comparison(plan));
  plan.verdict = advice::Verdict::no_gain;
  plan.whole.t_map = 7;
  CHECK_FALSE(shows_comparison(plan));
  plan.adapt = true;
  CHECK(shows_comparison(plan));
}

TEST_CASE("a chosen set that is not the best of those compared is explained") {
  advice::Plan plan;
  plan.ranking.emplace();
  plan.ranking->method = subspace::Method::risk;
  plan.ranking->horizon = 20;
  plan.ranking->error_selected = 0.007;
  plan.horizon = 14;
  plan.comparison.emplace();
  plan.comparison->chosen.error = 0.00843;
  plan.comparison->all.error = 0.00785;
  plan.comparison->single.error = 0.00801;
  plan.comparison->single.block_names = {"h.0.attn.v.3"};
  plan.comparison->blocks_tried_alone = 1;
  plan.modelled_names = {"h.0.attn.v.3"};
  auto facts = comparison_facts(plan);
  REQUIRE(facts.size() == 3);
  CHECK(facts[0] == "Best single block: h.0.attn.v.3.");
  CHECK(facts[2].find("for 20 steps (error 0.007), while the 14 planned") != std::string::npos);
  plan.horizon = 20;
  facts = comparison_facts(plan);
  REQUIRE(facts.size() == 3);
  CHECK(facts[2].find("not the best of these sets") != std::string::npos);
  CHECK(facts[2].find("planned") == std::string::npos);
  plan.comparison->chosen.error = 0.00785;
  CHECK(comparison_facts(plan).size() == 2);
  plan.modelled_names = {"h.0.attn.v.2", "h.0.attn.v.3"};
  CHECK(comparison_facts(plan)[0] ==
        "Best single block: h.0.attn.v.3, of the 1 that are best after 20 steps.");
}

TEST_CASE("a comparison of sets fits the width whatever the name, which is not cut") {
  advice::Plan plan;
  plan.ranking.emplace();
  auto& sets = plan.comparison.emplace();
  sets.error_none = 0.2;
  sets.chosen = sets.all = {{"a"}, 20, 0.1, 0.15};
  sets.single = {{std::string(52, 'x')}, 20, 0.1, 0.12345};
  check_width(to_terminal(comparison_table(sets), {}));
  CHECK(comparison_facts(plan).at(0).find(std::string(52, 'x')) != std::string::npos);
}
