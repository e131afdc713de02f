/// Updates under block scales: what they mean, and geometries of other scales.

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/ttt/adapt.hpp"
#include "sextant/ttt/low_rank.hpp"
#include "support/close.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;

TEST_CASE("one scale for all blocks is a larger step, and wrong scales are refused") {
  const test::PromptModelCase c(model::Family::gpt2);
  PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  AdaptOptions options;
  options.blocks = geometry::block_names(geometry);
  options.horizon = 3;
  options.rho = 0.2 / geometry::summed_kernel(geometry).operatorNorm();
  const AdaptedModel plain = adapt(model, geometry, options);
  geometry::BlockScales scales;
  for (const auto& name : options.blocks) scales[name] = 8.0;
  model.set_block_scales(scales);
  options.rho /= 8.0;
  const AdaptedModel scaled = adapt(model, model.capture({{model::LinearKind::value}}), options);
  for (std::size_t x = 0; x < 3; ++x) {
    CHECK(scaled.result.queries[x].adapted == test::close(plain.result.queries[x].adapted, 1e-6));
  }
  // Sec. 8's bound is in whitened coordinates, where both updates are the same.
  CHECK(scaled.result.validity.bound == test::close(plain.result.validity.bound, 1e-3));
  CHECK_THROWS_WITH_AS(
      model.set_block_scales({{"h.9.attn.v.0", 1.0}}),
      "set_block_scales: blocks \"h.9.attn.v.0\" is unknown; did you mean \"h.0.attn.v.0\" or "
      "\"h.1.attn.v.0\" or \"h.0.attn.q.0\"? There are 20 blocks",
      ArgumentError);
  for (const double scale : {0.0, -1.0, 9e-10, 1.1e9, HUGE_VAL, double{NAN}}) {
    CHECK_THROWS_WITH_AS(model.set_block_scales({{"h.0.attn.v.0", scale}}),
                         doctest::Contains("expected a positive number from 1e-09 to 1e+09"),
                         ArgumentError);
  }
  for (const double scale : {1e-9, 1e9}) {
    CHECK_NOTHROW(model.set_block_scales({{"h.0.attn.v.0", scale}}));
  }
}

TEST_CASE("a geometry of other scales than the model's is refused") {
  const test::PromptModelCase c(model::Family::gpt2);
  PromptModel model = c.prompt_model();
  const auto plain = model.capture({{model::LinearKind::value}});
  CHECK(plain.block_scales.empty());
  AdaptOptions options;
  options.blocks = {"h.0.attn.v.0"};
  options.horizon = 1;
  options.rho = 0.01 / plain.kernels[0].operatorNorm();
  const LowRankOptions low_rank{options.blocks, 1, {1.0, 0.5}};
  // Scales set after the capture: also of a block that is not adapted, which the plan knew.
  for (const char* block : {"h.0.attn.v.0", "h.1.attn.v.1"}) {
    model.set_block_scales({{block, 4.0}});
    const std::string message =
        std::string("block \"") + block + "\" has the scale 1 in it and 4 in the model";
    CHECK_THROWS_WITH_AS(adapt(model, plain, options), doctest::Contains(message.c_str()),
                         ArgumentError);
    CHECK_THROWS_WITH_AS(adapt_low_rank(model, plain, low_rank), doctest::Contains(message.c_str()),
                         ArgumentError);
    // Captured under them, or given them afterwards.
    const auto scaled = model.capture({{model::LinearKind::value}});
    CHECK(scaled.block_scales == geometry::BlockScales{{block, 4.0}});
    CHECK_NOTHROW(adapt(model, scaled, options));
    CHECK_NOTHROW(adapt(model, with_block_scales(plain, {{block, 4.0}}), options));
    CHECK_NOTHROW(adapt_low_rank(model, scaled, low_rank));
    model.set_block_scales({});
    CHECK_THROWS_AS(adapt(model, scaled, options), ArgumentError);
    CHECK_THROWS_AS(adapt_low_rank(model, scaled, low_rank), ArgumentError);
  }
  model.set_block_scales({{"h.0.attn.o.1", 3.0}});  // not captured
  CHECK_NOTHROW(adapt(model, plain, options));
}
