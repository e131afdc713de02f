/// Words, tables and JSON about the linear transformer, in the cases that differ.

#include "sextant/studies/presentation/linear_text.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::presentation;

namespace {

std::string text_of(const linear::Advice& advice) {
  const std::string text = linear_text(advice, {});
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(report::display_width(line) <= 80);
  CHECK(text.back() == '\n');
  return text;
}

}  // namespace

TEST_CASE("each crossing has its sentence") {
  const linear::Advice some = linear::advise(linear::Isotropic{30, 60, 20, 1, 0}, {});
  CHECK(text_of(some).find("from k* = 54.42") != std::string::npos);
  CHECK(summarize(some).statement.find("from zero weights lowers") != std::string::npos);
  CHECK(to_json(some)["crossing"]["same_context"].is_null());

  linear::Advice never = some;
  never.starts.fresh_context_crossing = std::numeric_limits<double>::infinity();
  CHECK(text_of(never).find("every number") != std::string::npos);
  CHECK(to_json(never)["crossing"]["fresh_context"].is_null());

  // Weights for tasks along one coordinate are of no use for a task along the other.
  Eigen::VectorXd inputs = Eigen::VectorXd::Ones(2);
  Eigen::VectorXd tasks = Eigen::VectorXd::Zero(2);
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(2);
  tasks[0] = 1;
  beta[1] = 1;
  const linear::Advice misplaced =
      linear::advise(linear::Diagonal{10, 5, inputs, beta, 0}, tasks, {});
  CHECK(text_of(misplaced).find("unlike those of pretraining") != std::string::npos);
  CHECK(text_of(misplaced).find("Alignment: of the signal's variance 1,") != std::string::npos);
  CHECK(to_json(misplaced)["crossing"]["limit"].is_null());
  CHECK(to_json(misplaced)["alignment"]["bias"][0] == 1);
}

TEST_CASE("tables hold every start and number of steps") {
  const linear::Advice advice = linear::advise(linear::Isotropic{30, 15, 20, 1, .25}, {.5, 6});
  CHECK(text_of(advice).find("Do not adapt: on a fresh context") == 0);
  CHECK(starts_table(advice).rows() == 4);
  CHECK(steps_table(advice).rows() == 4);  // 1, 2, 5, 6
  CHECK(to_json(advice)["more_steps"].size() == 8);
  CHECK(to_json(advice)["fresh_context"]["step"] == 0);
}
