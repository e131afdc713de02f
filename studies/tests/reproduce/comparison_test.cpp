/// Comparisons with both references, on errors made up for the purpose.

#include "sextant/studies/reproduce/comparison.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

TEST_CASE("each method is compared with each reference, and p-values are adjusted") {
  const std::vector<MethodErrors> methods = {{"no update", {4, 5, 6, 7, 8, 9}, 0},
                                             {"T = 2", {3, 4, 5, 6, 7, 8}, 2},
                                             {"other", {4.5, 5, 5.5, 7, 8, 9}, 3.5}};
  statistics::ResamplingOptions options;
  options.resamples = 1000;
  const GroupSummary summary = compare_methods("all", methods, "T = 2", options);
  CHECK(summary.tasks == 6);
  CHECK_FALSE(summary.methods[0].against_none.has_value());
  CHECK_FALSE(summary.methods[1].against_reference.has_value());
  const auto& fixed = *summary.methods[1].against_none;
  CHECK(fixed.comparison.improvement.mean == 1);
  CHECK(fixed.comparison.p_value == test::close(2 / 64.0, 1e-12));
  CHECK(fixed.adjusted_p == test::close(2 * 2 / 64.0, 1e-12));
  const auto& other = *summary.methods[2].against_none;
  CHECK(other.comparison.improvement.mean == test::close(0, 1e-12));
  CHECK(other.adjusted_p == 1);
  CHECK(summary.methods[0].against_reference->comparison.improvement.mean == -1);

  CHECK(error_table(summary).rows() == 3);
  CHECK(improvement_table(summary, &MethodSummary::against_none).rows() == 2);
  const auto json = to_json(summary);
  CHECK(json["methods"][0]["against_none"].is_null());
  CHECK(json["methods"][1]["against_none"]["p_holm"] == test::close(4 / 64.0, 1e-12));
  CHECK_THROWS_AS(compare_methods("all", methods, "T = 3", options), ArgumentError);
}
