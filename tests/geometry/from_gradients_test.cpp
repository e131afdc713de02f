#include "sextant/geometry/from_gradients.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"

using namespace sextant;
using namespace sextant::geometry;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index gradient_examples = 4;
constexpr Index gradient_queries = 3;

/// Two blocks of different sizes.
std::vector<BlockGradients> random_gradients() {
  Random random(7);
  std::vector<BlockGradients> blocks;
  for (const Index p : {2, 5}) {
    blocks.push_back({.block = {.name = "layer." + std::to_string(p)},
                      .examples = normal_matrix(gradient_examples, p, random),
                      .queries = normal_matrix(gradient_queries, p, random)});
  }
  return blocks;
}

/// sum_k a_k b_k, as a loop.
template <class A, class B>
double naive_product(const A& a, const B& b) {
  double sum = 0;
  for (Index k = 0; k < a.size(); ++k) sum += a(k) * b(k);
  return sum;
}

/// Whether `from_gradients` refuses, naming all of `words`.
template <class Refusal>
void check_refused(const std::vector<BlockGradients>& blocks, const KnownPredictions& known,
                   const std::vector<std::string>& words) {
  try {
    from_gradients(blocks, known);
    FAIL_CHECK("accepted");
  } catch (const Refusal& error) {
    for (const std::string& word : words) {
      INFO(error.what());
      CHECK(std::string(error.what()).find(word) != std::string::npos);
    }
  }
}

}  // namespace

TEST_CASE("a geometry of gradients holds their inner products, block by block") {
  const auto blocks = random_gradients();
  const KnownPredictions known{.prompt_targets = VectorXd::LinSpaced(4, 0, 1),
                               .prompt_base = VectorXd::Constant(4, 0.25),
                               .query_base = VectorXd::Constant(3, 0.5),
                               .query_targets = {1.0, std::nullopt, 0.0}};
  const PromptGeometry geometry = from_gradients(blocks, known);
  REQUIRE(geometry.block_count() == 2);
  REQUIRE(geometry.queries() == gradient_queries);
  for (std::size_t b = 0; b < 2; ++b) {
    const auto column = static_cast<Index>(b);
    const auto& [block, examples, queries] = blocks[b];
    for (Index i = 0; i < gradient_examples; ++i) {
      for (Index j = 0; j < gradient_examples; ++j) {
        const double expected = naive_product(examples.row(i), examples.row(j));
        CHECK(std::abs(geometry.kernels[b](i, j) - expected) < 1e-14);
        CHECK(geometry.kernels[b](i, j) == geometry.kernels[b](j, i));
      }
      for (Index x = 0; x < gradient_queries; ++x) {
        const double expected = naive_product(examples.row(i), queries.row(x));
        const auto& couplings = geometry.query_kernels[static_cast<std::size_t>(x)];
        CHECK(std::abs(couplings(i, column) - expected) < 1e-14);
      }
    }
    for (Index x = 0; x < gradient_queries; ++x) {
      const double expected = naive_product(queries.row(x), queries.row(x));
      CHECK(std::abs(geometry.query_variances(x, column) - expected) < 1e-14);
    }
    CHECK(geometry.blocks[b].name == block.name);
    CHECK(geometry.blocks[b].parameters == examples.cols());
  }
  for (Index i = 0; i < gradient_examples; ++i) {
    CHECK(geometry.residuals(i) == known.prompt_targets(i) - 0.25);
  }
  CHECK(geometry.query_targets == known.query_targets);
  CHECK(geometry.query_base == known.query_base);
}

TEST_CASE("a geometry of gradients may do without queries, targets and base") {
  auto blocks = random_gradients();
  for (auto& block : blocks) block.queries.resize(0, 0);
  const PromptGeometry geometry = from_gradients(blocks, {.residuals = VectorXd::Ones(4)});
  CHECK(geometry.queries() == 0);
  CHECK(geometry.prompt_base.size() == 0);
  CHECK(geometry.residuals == VectorXd::Ones(4));
}

TEST_CASE("gradients that do not fit are refused by block and field") {
  const auto good = random_gradients();
  const KnownPredictions known{.residuals = VectorXd::Ones(4)};
  check_refused<ArgumentError>({}, known, {"blocks", "is empty"});
  check_refused<ArgumentError>(good, {}, {"residuals", "prompt_targets and prompt_base"});
  check_refused<ArgumentError>(good, {.residuals = VectorXd::Ones(5)},
                               {"blocks[0].examples", "[4, 2], expected [5, 2]"});
  check_refused<ArgumentError>(
      good, {.prompt_targets = VectorXd::Ones(4), .prompt_base = VectorXd::Ones(3)},
      {"known.prompt_base"});
  auto bad = good;
  bad[1].queries.conservativeResize(2, 5);
  check_refused<ArgumentError>(bad, known, {"blocks[1].queries", "layer.5", "[2, 5]", "[3, 5]"});
  bad = good;
  bad[1].queries.conservativeResize(3, 4);
  check_refused<ArgumentError>(bad, known, {"blocks[1].queries", "[3, 4]", "[3, 5]"});
  bad = good;
  bad[0].block.parameters = 9;
  check_refused<ArgumentError>(bad, known, {"blocks[0].block.parameters", "is 9", "2 columns"});
  bad = good;
  bad[1].examples(2, 3) = std::numeric_limits<double>::quiet_NaN();
  check_refused<InputError>(bad, known, {"layer.5", "finite"});
  bad = good;
  bad[1].block.name = "layer.2";
  check_refused<InputError>(bad, known, {"blocks[1].name", "layer.2"});
  check_refused<InputError>(good,
                            {.residuals = VectorXd::Ones(4),
                             .prompt_targets = VectorXd::Ones(4),
                             .prompt_base = VectorXd::Ones(4)},
                            {"residuals"});
}
