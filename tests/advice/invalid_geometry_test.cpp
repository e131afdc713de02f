/// Geometries made in memory that are not valid: every function that takes one refuses it.

#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "sextant/advice/make_update.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "sextant/ttt/low_rank.hpp"
#include "support/prompt_model_case.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using geometry::PromptGeometry;

namespace {

PromptGeometry valid_geometry() {
  Random random(7);
  return test::random_geometry(random, 5, 2, {4, 6, 8});
}

struct Spoilt {
  std::string name;
  std::function<void(PromptGeometry&)> spoil;
  std::string message;  ///< A part of what is said.
};

/// Unlike sizes: what even the sums over blocks refuse.
const std::vector<Spoilt> wrong_sizes = {
    {"a kernel too few", [](auto& g) { g.kernels.pop_back(); }, "kernels: has 2 matrices"},
    {"a kernel of another size", [](auto& g) { g.kernels[1].resize(4, 5); }, "shape [4, 5]"},
    {"couplings of another size", [](auto& g) { g.query_kernels[1].resize(5, 2); }, "query 1"},
    {"variances of another size", [](auto& g) { g.query_variances.resize(2, 2); },
     "query_variances: has 2 blocks, expected 3"},
    {"bases of another size", [](auto& g) { g.query_base.resize(3); }, "query_base: has 3 values"},
    {"numbers of another size", [](auto& g) { g.query_numbers = {1}; },
     "query_numbers: has 1 values, expected 2"},
    {"no example", [](auto& g) { g.residuals.resize(0); }, "residuals: has no values"}};

const std::vector<Spoilt> wrong_values = {
    {"a negative scale", [](auto& g) { g.block_scales["h.0.attn.v.1"] = -2; }, "block_scales"},
    {"a scale of no block", [](auto& g) { g.block_scales["zz"] = 3; }, "\"zz\""},
    {"asymmetric", [](auto& g) { g.kernels[1](0, 1) += 1e-3; },
     "\"h.0.attn.v.1\" has the entries [1, 0] = "},
    {"asymmetric, as a triangle",
     [](auto& g) { g.kernels[1].template triangularView<Eigen::StrictlyUpper>().setZero(); },
     "expected a symmetric matrix"},
    {"a negative diagonal", [](auto& g) { g.kernels[1](2, 2) = -1; }, "diagonal entry [2, 2] = -1"},
    {"an entry too large", [](auto& g) { g.kernels[1](0, 1) = g.kernels[1](1, 0) = 1e3; },
     "larger than its diagonal entries"},
    {"a sum that is indefinite",
     [](auto& g) {  // every 2 x 2 minor is that of a valid kernel
       for (auto& kernel : g.kernels) {
         kernel.setIdentity();
         kernel(0, 1) = kernel(1, 0) = kernel(0, 2) = kernel(2, 0) = 0.9;
         kernel(1, 2) = kernel(2, 1) = -0.9;
       }
     },
     "has the eigenvalue -"},
    {"not finite", [](auto& g) { g.kernels[1](1, 1) = std::numeric_limits<double>::infinity(); },
     "not finite"},
    {"kernels beyond squares",
     [](auto& g) {
       for (auto& kernel : g.kernels) kernel *= 1e200;
     },
     "beyond 1e+150: its square overflows"},
    {"residuals beyond squares",
     [](auto& g) {
       g.prompt_base.resize(0);
       g.residuals *= 1e200;
     },
     "residuals: entry ["},
    {"a name twice", [](auto& g) { g.blocks[2].name = g.blocks[1].name; }, "is also the name of"},
    {"a negative variance", [](auto& g) { g.query_variances(1, 0) = -1; },
     "query_variances, query 1"}};

struct Entry {
  std::string name;
  std::function<void(const PromptGeometry&)> call;
};

void check_refused(const std::vector<Entry>& entries, const std::vector<Spoilt>& every) {
  for (const Entry& entry : entries) {
    CAPTURE(entry.name);
    CHECK_NOTHROW(entry.call(valid_geometry()));
    for (const Spoilt& spoilt : every) {
      CAPTURE(spoilt.name);
      PromptGeometry geometry = valid_geometry();
      spoilt.spoil(geometry);
      std::string message;
      try {
        entry.call(geometry);
      } catch (const ArgumentError& error) {
        message = error.what();
      }
      CHECK_MESSAGE(message.find(spoilt.message) != std::string::npos, message);
    }
  }
}

}  // namespace

TEST_CASE("everything that answers for a geometry refuses one that is not valid") {
  const auto whole = [] { return advice::choose_horizon(valid_geometry()); }();
  const std::vector<std::string> names = geometry::block_names(valid_geometry());
  const std::vector<Entry> entries = {
      {"choose_horizon", [](const auto& g) { advice::choose_horizon(g); }},
      {"choose_horizon of blocks",
       [](const auto& g) {
         const Eigen::Index blocks[] = {1, 2};
         advice::choose_horizon(g, blocks, advice::HorizonOptions());
       }},
      {"rank_blocks", [](const auto& g) { advice::rank_blocks(g); }},
      {"plan", [](const auto& g) { advice::plan(g); }},
      {"predict_linearly",
       [&](const auto& g) {
         ttt::predict_linearly(g, {names[1], names[0]}, 1e-3, 2);
       }},
      {"expected_adaptation",
       [&](const auto& g) { ttt::expected_adaptation(g, {names[1]}, 1e-3, 2); }}};
  check_refused(entries, wrong_sizes);
  std::vector<Spoilt> values = wrong_values;
  std::erase_if(values, [](const Spoilt& one) { return one.name == "a name twice"; });
  check_refused(entries, values);
  CHECK_THROWS_AS(advice::rank_blocks(valid_geometry(), advice::HorizonChoice(), {}),
                  ArgumentError);
  for (const Spoilt& spoilt : wrong_sizes) {
    CAPTURE(spoilt.name);
    PromptGeometry geometry = valid_geometry();
    spoilt.spoil(geometry);
    CHECK_THROWS_AS(advice::rank_blocks(geometry, whole, {}), ArgumentError);
  }
  PromptGeometry asymmetric = valid_geometry();
  asymmetric.kernels[1](0, 1) += 1e-3;
  CHECK_THROWS_WITH_AS(advice::rank_blocks(asymmetric, whole, {}),
                       doctest::Contains("kernels[1] has the entries [1, 0]"), ArgumentError);
}

TEST_CASE("a name that two blocks share") {
  PromptGeometry geometry = valid_geometry();
  geometry.blocks[2].name = geometry.blocks[1].name;
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { advice::choose_horizon(geometry); }, [&] { advice::plan(geometry); }}) {
    CHECK_THROWS_WITH_AS(call(), doctest::Contains("is also the name of"), ArgumentError);
  }
}

TEST_CASE("sums and parts of a geometry refuse sizes that do not fit") {
  const Eigen::Index first[] = {0};
  check_refused(
      {{"summed_kernel", [](const auto& g) { geometry::summed_kernel(g); }},
       {"summed_coupling", [](const auto& g) { geometry::summed_coupling(g, 1); }},
       {"summed_variance", [](const auto& g) { geometry::summed_variance(g, 1); }},
       {"restricted_to_blocks", [&](const auto& g) { geometry::restricted_to_blocks(g, first); }},
       {"restricted_to_queries", [&](const auto& g) { geometry::restricted_to_queries(g, first); }},
       {"with_block_scales",
        [](const auto& g) {
          geometry::with_block_scales(g, {{"h.0.attn.v.0", 2.0}});
        }},
       {"check_geometry", [](const auto& g) { geometry::check_geometry("here", g); }}},
      wrong_sizes);
}

TEST_CASE("an update refuses a geometry that is not valid") {
  const test::PromptModelCase c(model::Family::gpt2);
  const ttt::PromptModel model = c.prompt_model();
  const PromptGeometry captured = model.capture({});
  PromptGeometry asymmetric = captured;
  asymmetric.kernels[1](0, 1) += captured.kernels[1].cwiseAbs().maxCoeff();
  const std::vector<std::string> blocks = geometry::block_names(captured);
  const ttt::AdaptOptions steps{.blocks = blocks, .rho = 1e-6, .horizon = 1};
  CHECK_NOTHROW(ttt::adapt(model, captured, steps));
  CHECK_THROWS_WITH_AS(ttt::adapt(model, asymmetric, steps),
                       doctest::Contains("expected a symmetric matrix"), ArgumentError);
  const ttt::LowRankOptions low_rank{.blocks = blocks, .rank = 1, .benchmark = {1.0, 1.0}};
  CHECK_NOTHROW(ttt::adapt_low_rank(model, captured, low_rank));
  CHECK_THROWS_WITH_AS(ttt::adapt_low_rank(model, asymmetric, low_rank),
                       doctest::Contains("expected a symmetric matrix"), ArgumentError);
  const advice::Plan plan = advice::plan(captured);
  CHECK_THROWS_WITH_AS(
      advice::adapt(model, asymmetric, plan, {.rule = advice::UpdateRule::anyway, .rank = 1}),
      doctest::Contains("expected a symmetric matrix"), ArgumentError);
}
