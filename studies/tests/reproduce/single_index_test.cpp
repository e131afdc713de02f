/// The single-index experiment at a small size: whole, the same for every number of threads, and
/// with the findings that even small sizes have. Its functions have tests of their own.

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/studies/reproduce/single_index_study.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

SingleIndexOptions small() {
  SingleIndexOptions options;
  options.dimensions = {8, 12};
  options.rank = 2;
  options.more_ranks = {3};
  options.samples = {200, 800};
  options.tasks = 4;
  options.kernel_tasks = 2;
  options.kernel_samples = 200;
  options.prompts_per_dimension = 20;
  options.prompt_size = 200;
  return options;
}

}  // namespace

TEST_CASE("a small experiment is whole, and the same for every number of threads") {
  SingleIndexOptions options = small();
  set_threads(1);
  const TheoryStudy one = single_index_study(options);
  set_threads(0);
  std::size_t parts = 0;
  options.on_progress = [&](std::string_view, std::size_t done, std::size_t count, std::size_t) {
    CHECK(done <= count);
    parts += done == count ? 1 : 0;
  };
  const TheoryStudy study = single_index_study(options);
  CHECK(to_json(one) == to_json(study));
  CHECK(parts == 8);  // 5 matrices, 2 dimensions, 1 rank
  REQUIRE(study.sections.size() == 7);
  for (const TheorySection& section : study.sections) {
    CAPTURE(section.title);
    CHECK_FALSE(section.findings.empty());
    REQUIRE_FALSE(section.tables.empty());
    for (const auto& [caption, table] : section.tables) CHECK(table.rows() > 0);
  }
  CHECK(theory_html({"t", "s", {}}, study).figures().size() == 5);
  const auto matrices = to_json(study.sections[0].tables[0].second);
  CHECK(matrices.size() == 5);
  for (const auto& row : matrices) CHECK(row["smallest cosine"].get<double>() > 0.8);
  const auto alignment = to_json(study.sections[2].tables[0].second);
  REQUIRE(alignment.size() == 4);
  CHECK(alignment[3]["strong"].get<double>() > 0.9);
  CHECK(study.sections.back().findings[0].find("all 21 simulated means agree") !=
        std::string::npos);
}

TEST_CASE("sizes that make no experiment") {
  const auto refused = [](auto change) {
    SingleIndexOptions options = small();
    change(options);
    CHECK_THROWS_AS(single_index_study(options), ArgumentError);
  };
  refused([](auto& options) { options.dimensions = {}; });
  refused([](auto& options) { options.dimensions = {8, 100'001}; });
  refused([](auto& options) { options.dimensions = {1}; });
  refused([](auto& options) { options.rank = 0; });
  refused([](auto& options) { options.more_ranks = {13}; });
  refused([](auto& options) { options.samples = {39}; });
  refused([](auto& options) { options.tasks = 1; });
  refused([](auto& options) { options.kernel_tasks = 5; });
  refused([](auto& options) { options.prompt_size = 0; });
}
