#include <cstdio>

#include "sextant/advice/plan.hpp"
#include "sextant/geometry/from_gradients.hpp"

/// Advice for a model of one's own, from gradients of its predictions, block by block: here of two
/// linear models of which the labels of twelve examples follow the first.
int main() {
  const Eigen::MatrixXd first = Eigen::MatrixXd::Random(12, 3);  // d prediction / d parameters
  const Eigen::MatrixXd second = Eigen::MatrixXd::Random(12, 5);
  const auto geometry = sextant::geometry::from_gradients(
      {{.block = {.name = "first"}, .examples = first, .queries = Eigen::MatrixXd::Ones(1, 3)},
       {.block = {.name = "second"}, .examples = second, .queries = Eigen::MatrixXd::Zero(1, 5)}},
      {.prompt_targets = first.rowwise().sum(), .prompt_base = Eigen::VectorXd::Zero(12)});
  const auto plan = sextant::advice::plan(geometry, {.ranking = {.budget = 1}});
  std::printf("%s\n", plan.reason.c_str());
  for (const auto& name : plan.block_names) std::printf("%s\n", name.c_str());
}
