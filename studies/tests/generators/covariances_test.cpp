#include "sextant/studies/generators/covariances.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::generators;

TEST_CASE("a file of variances with its task, and the typical task without one") {
  const Covariances given = parse_covariances(
      R"({"input_variances": [1, 0, 2.5], "task_variances": [4, 1, 0], "task": [-1, 2, 0.5]})",
      "c");
  CHECK(given.input_variances == Eigen::VectorXd((Eigen::VectorXd(3) << 1, 0, 2.5).finished()));
  CHECK(given.task == Eigen::VectorXd((Eigen::VectorXd(3) << -1, 2, .5).finished()));
  const Covariances typical =
      parse_covariances(R"({"input_variances": [1, 0, 2.5], "task_variances": [4, 1, 0]})", "c");
  CHECK(typical.task == given.task_variances.cwiseSqrt());
}

TEST_CASE("what is no such file is rejected") {
  for (const char* text :
       {"", "{}", "[]", R"({"input_variances": [1]})", R"({"task_variances": [1]})",
        R"({"input_variances": [], "task_variances": []})",
        R"({"input_variances": [1], "task_variances": [1, 1]})",
        R"({"input_variances": [-1], "task_variances": [1]})",
        R"({"input_variances": [1], "task_variances": [-1]})",
        R"({"input_variances": [null], "task_variances": [1]})",
        R"({"input_variances": ["1"], "task_variances": [1]})",
        R"({"input_variances": [1], "task_variances": [1], "task": [true]})",
        R"({"input_variances": [1], "task_variances": [1], "task": []})",
        R"({"input_variances": [1], "task_variances": [1], "more": 1})"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_covariances(text, "c"), InputError);
  }
  CHECK_THROWS_AS(read_covariances("/nonexistent"), InputError);
}
