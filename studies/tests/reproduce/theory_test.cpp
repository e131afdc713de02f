/// The checks of the theory, with few draws: every statement is found to hold, and reports are
/// whole. The functions they call have tests of their own.

#include <doctest/doctest.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/studies/reproduce/theory_study.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

constexpr TheoryOptions few = {200, 3};

std::string findings_of(const TheoryStudy& study) {
  std::string text;
  for (const TheorySection& section : study.sections) {
    for (const std::string& finding : section.findings) text += finding + "\n";
  }
  return text;
}

void check_whole(const TheoryStudy& study) {
  CAPTURE(study.title);
  const std::string text = theory_text(study, {});
  const report::HtmlReport html = theory_html({"t", "s", {}}, study);
  std::size_t figures = 0;
  for (const TheorySection& section : study.sections) {
    CAPTURE(section.title);
    CHECK(text.find(section.title) != std::string::npos);
    CHECK_FALSE(section.tables.empty());
    for (const auto& [caption, table] : section.tables) CHECK(table.rows() > 0);
    figures += section.figures.size();
  }
  CHECK(html.figures().size() == figures);
  CHECK(to_json(study)["sections"].size() == study.sections.size());
}

}  // namespace

TEST_CASE("Bayes gaps and risks agree with simulation, and a wrong one would be noticed") {
  const TheoryStudy study = bayes_gap_study(few);
  check_whole(study);
  CHECK(findings_of(study).find("all 42 simulated means agree") != std::string::npos);
  CHECK(findings_of(study).find("all 3 simulated means agree") != std::string::npos);
}

TEST_CASE("horizons, necessity results and subspaces are found as the theory states them") {
  const TheoryStudy horizon = horizon_study(few);
  check_whole(horizon);
  CHECK(findings_of(horizon).find("closer to the limit from n = 50 to n = 800") !=
        std::string::npos);
  CHECK(findings_of(horizon).find("The bound holds") != std::string::npos);

  const TheoryStudy necessity = necessity_study({8000, 3});
  check_whole(necessity);
  CHECK(findings_of(necessity).find("significantly better for every signal") != std::string::npos);

  const TheoryStudy subspace = subspace_study(few);
  check_whole(subspace);
  CHECK(findings_of(subspace).find("all 7 simulated means agree") != std::string::npos);
  CHECK(findings_of(subspace).find("holds at its rate") != std::string::npos);
}

TEST_CASE("the linear transformer's risks agree with drawn data") {
  const TheoryStudy study = linear_transformer_study({1000, 2});
  check_whole(study);
  const std::string findings = findings_of(study);
  for (const char* count :
       {"all 36 simulated", "all 12 simulated", "all 10 simulated", "all 6 simulated"}) {
    CAPTURE(count);
    CHECK(findings.find(count) != std::string::npos);
  }
  CHECK(findings.find("cross at k* = 54.42") != std::string::npos);
  CHECK(findings.find("no size in the table has a crossing") != std::string::npos);
  CHECK_THROWS_AS(linear_transformer_study({99, 1}), ArgumentError);
}

TEST_CASE("certificates cover with the true reference; the same numbers whatever the threads") {
  set_threads(1);
  const TheoryStudy one = evidence_bound_study(few);
  set_threads(0);
  const TheoryStudy two = evidence_bound_study(few);
  check_whole(one);
  CHECK(to_json(one) == to_json(two));
  const std::string findings = findings_of(one);
  CHECK(findings.find("With the true reference every certificate covers") != std::string::npos);
  CHECK(findings.find("All three bounds hold") != std::string::npos);
  CHECK(findings.find("Ranks of T are compatible") != std::string::npos);
}

TEST_CASE("on the shipped model the deviation is of second order") {
  const TheoryStudy study = validity_study(few, SEXTANT_SOURCE_DIR "/models/digits-gpt2", 2);
  check_whole(study);
  const auto rows = to_json(study.sections[0].tables[0].second);
  REQUIRE(rows.size() == 8);
  // Doubling the smallest step makes it about four times as large.
  const double ratio = rows[1]["deviation"].get<double>() / rows[0]["deviation"].get<double>();
  CHECK(ratio > 3);
  CHECK(ratio < 6);
  CHECK_THROWS_AS(validity_study(few, "/nonexistent"), InputError);
  CHECK_THROWS_AS(bayes_gap_study({99, 1}), ArgumentError);
}
