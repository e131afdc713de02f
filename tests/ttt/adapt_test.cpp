#include "sextant/ttt/adapt.hpp"

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/ttt/low_rank.hpp"
#include "sextant/ttt/model_kernel.hpp"
#include "sextant/ttt/step_path.hpp"
#include "support/close.hpp"
#include "support/prompt_model_case.hpp"

using namespace sextant;
using namespace sextant::ttt;
using Case = test::PromptModelCase;

namespace {

model::CaptureOptions all_kinds() {
  return {{model::LinearKind::value, model::LinearKind::output, model::LinearKind::mlp_in,
           model::LinearKind::mlp_out}};
}

double lambda_max(const Eigen::MatrixXd& kernel) { return spectral::decompose(kernel).values(0); }

}  // namespace

TEST_CASE("a captured geometry is valid and consistent with predictions") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const Case c(family);
    const PromptModel model = c.prompt_model();
    const auto geometry = model.capture(all_kinds());
    CHECK_NOTHROW(geometry::validate(geometry, "captured"));
    CHECK(geometry.block_count() == 2 * 6);
    const Eigen::VectorXd predictions = model.predictions(model.weights());
    CHECK((predictions.head(5) - geometry.prompt_base).cwiseAbs().maxCoeff() < 1e-6);
    CHECK((geometry.residuals + geometry.prompt_base - model.targets()).norm() < 1e-12);
  }
}

TEST_CASE("linearised and real corrections agree to first order") {
  // The deviation is second order in rho T: halving rho must divide it by about four, both for the
  // steps and for the one-shot update. Float rounding sets the floor, so rho T is not too small.
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    for (const Solver solver : {Solver::steps, Solver::one_shot}) {
      const Case c(family);
      const PromptModel model = c.prompt_model();
      const auto geometry = model.capture(all_kinds());
      AdaptOptions options;
      options.solver = solver;
      options.horizon = 4;
      for (const auto& block : geometry.blocks) options.blocks.push_back(block.name);
      const double full = lambda_max(geometry::summed_kernel(geometry));
      std::vector<double> deviations;
      std::vector<double> errors;  // of |r|, over what the update does to it
      for (const double scale : {0.02, 0.01, 0.005}) {
        options.rho = scale / full;
        const AdaptedModel run = adapt(model, geometry, options);
        deviations.push_back(run.result.validity.deviation);
        const Eigen::VectorXd moves =
            model.predictions(run.weights) - model.predictions(model.weights());
        CHECK(std::abs(run.result.validity.largest_move - moves.cwiseAbs().maxCoeff()) < 1e-6);
        double correction = 0;
        for (const auto& query : run.result.queries) {
          correction = std::max(correction, std::abs(query.linearized - query.base));
        }
        CHECK(correction > 100 * 1e-6);  // far above float rounding
        CHECK(run.result.prompt.residual_norm_predicted < run.result.prompt.residual_norm_before);
        const PromptOutcome& prompt = run.result.prompt;
        const double effect = prompt.residual_norm_before - prompt.residual_norm_predicted;
        errors.push_back((prompt.residual_norm_after - prompt.residual_norm_predicted) / effect);
        CHECK(run.result.validity.deviation <= run.result.validity.bound);
        CHECK(run.result.validity.kernel_drift > 0);
      }
      // The error's share is linear in rho; what is left at rho = 0 is below a hundredth of the
      // effect. No update at all leaves -1 or 1, a step 2% too long 0.02.
      CHECK(std::abs(2 * errors[2] - errors[1]) < 0.01);
      INFO(deviations[0], " ", deviations[1], " ", deviations[2]);
      CHECK(deviations[0] / deviations[1] > 3.5);
      CHECK(deviations[0] / deviations[1] < 4.5);
      CHECK(deviations[1] / deviations[2] > 3.5);
      CHECK(deviations[1] / deviations[2] < 4.5);
    }
  }
}

TEST_CASE("with blocks' scales the preconditioned update is still linear to first order") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const Case c(family);
    PromptModel model = c.prompt_model();
    const auto plain = model.capture(all_kinds());
    model.set_block_scales({{"h.0.attn.v.1", 4.0}, {"h.1.mlp.in", 0.25}, {"h.1.attn.o.0", 9.0}});
    const auto geometry = model.capture(all_kinds());
    for (std::size_t b = 0; b < plain.blocks.size(); ++b) {
      const double scale = model.block_scale(plain.blocks[b].name);
      CHECK((geometry.kernels[b] - scale * plain.kernels[b]).norm() <=
            1e-12 * geometry.kernels[b].norm());
    }
    const auto names = geometry::block_names(geometry);
    const ModelJacobian jacobian(model, model.prompt().example_tokens, names);
    const Eigen::MatrixXd kernel = geometry::summed_kernel(geometry);
    CHECK((ModelKernel(jacobian).apply(Eigen::MatrixXd::Identity(5, 5)) - kernel).norm() <
          2e-5 * kernel.norm());
    const ModelJacobian queries(model, model.prompt().query_tokens, names);
    const Eigen::VectorXd variances =
        queries.squared_norms(queries.pull_back(Eigen::VectorXd::Unit(3, 1)));
    for (std::size_t b = 0; b < names.size(); ++b) {
      const auto at = static_cast<Eigen::Index>(b);
      CHECK(variances[at] == test::close(geometry.query_variances(1, at), 2e-5));
    }
    for (const Solver solver : {Solver::steps, Solver::one_shot}) {
      AdaptOptions options;
      options.solver = solver;
      options.horizon = 4;
      options.blocks = names;
      std::vector<double> deviations;
      for (const double scale : {0.02, 0.01}) {
        options.rho = scale / lambda_max(kernel);
        const AdaptedModel run = adapt(model, geometry, options);
        deviations.push_back(run.result.validity.deviation);
        CHECK(run.result.validity.deviation <= run.result.validity.bound);
      }
      CHECK(deviations[0] / deviations[1] > 3.5);
      CHECK(deviations[0] / deviations[1] < 4.5);
    }
  }
}

TEST_CASE("one scale for all blocks is a larger step, and wrong scales are refused") {
  const Case c(model::Family::gpt2);
  PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  AdaptOptions options;
  options.blocks = geometry::block_names(geometry);
  options.horizon = 3;
  options.rho = 0.2 / lambda_max(geometry::summed_kernel(geometry));
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
      "set_block_scales: blocks \"h.9.attn.v.0\" is unknown; the nearest of the 12 "
      "names are \"h.0.attn.v.0\", \"h.1.attn.v.0\", \"h.0.attn.v.1\"",
      ArgumentError);
  CHECK_THROWS_AS(model.set_block_scales({{"h.0.attn.v.0", 0.0}}), ArgumentError);
}

TEST_CASE("a geometry of other scales than the model's is refused") {
  const Case c(model::Family::gpt2);
  PromptModel model = c.prompt_model();
  const auto plain = model.capture({{model::BlockKind::value}});
  CHECK(plain.block_scales.empty());
  AdaptOptions options;
  options.blocks = {"h.0.attn.v.0"};
  options.horizon = 1;
  options.rho = 0.01 / lambda_max(plain.kernels[0]);
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
    const auto scaled = model.capture({{model::BlockKind::value}});
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

TEST_CASE("one step equals the one-shot update, and a subset moves only its own matrices") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  AdaptOptions options;
  options.blocks = {"h.1.attn.v.1", "h.0.attn.v.0"};
  options.horizon = 1;
  const auto indices = geometry::select_blocks(geometry, options.blocks);
  options.rho = 0.1 / lambda_max(geometry::summed_kernel(geometry, indices));
  const AdaptedModel steps = adapt(model, geometry, options);
  options.solver = Solver::one_shot;
  const AdaptedModel shot = adapt(model, geometry, options);
  REQUIRE(steps.changed.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto base =
        copy(model.weights().linear(steps.changed[i].layer, model::LinearKind::value).weight);
    const model::Rows<float> moved = steps.changed[i].values - base;
    CHECK(moved.norm() > 0);
    CHECK((steps.changed[i].values - shot.changed[i].values).norm() < 1e-3F * moved.norm());
    const int head = steps.changed[i].layer == 1 ? 1 : 0;
    CHECK(moved.middleCols((1 - head) * 8, 8).norm() == 0);  // the other head is untouched
  }
  CHECK(steps.result.queries[0].adapted == test::close(shot.result.queries[0].adapted, 1e-5));
}

TEST_CASE("the bounds of one step are 1.5 L (B rho |r|)^2 and (L/2) |delta w|^2") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  const Eigen::MatrixXd kernel = geometry::summed_kernel(geometry);
  AdaptOptions options;
  options.blocks = geometry::block_names(geometry);
  options.horizon = 1;
  options.rho = 0.01 / lambda_max(kernel);  // B after the step is nearly B before
  const double steps = adapt(model, geometry, options).result.validity.bound;
  options.solver = Solver::one_shot;
  const double one_shot = adapt(model, geometry, options).result.validity.bound;
  double largest = lambda_max(kernel);
  for (Eigen::Index x = 0; x < model.queries(); ++x) {
    largest = std::max(largest, geometry::summed_variance(geometry, x));
  }
  // Both make the same update, |delta w|^2 = rho^2 r'K r, so L is the same and cancels.
  const Eigen::VectorXd& r = geometry.residuals;
  const double expected = 3 * largest * r.squaredNorm() / r.dot(kernel * r);
  CHECK(steps / one_shot == test::close(expected, 0.0235));
}

TEST_CASE("adapting twice, or with other thread counts, gives the same bits") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  const Eigen::VectorXd before = model.predictions(model.weights());
  AdaptOptions options;
  for (const auto& block : geometry.blocks) options.blocks.push_back(block.name);
  options.horizon = 6;
  options.rho = 0.3 / lambda_max(geometry::summed_kernel(geometry));
  std::vector<std::vector<double>> seen;
  for (const int count : {1, 2, 2}) {
    set_threads(count);
    const AdaptedModel run = adapt(model, geometry, options);
    std::vector<double> numbers = run.result.residual_norms;
    for (const auto& query : run.result.queries) numbers.push_back(query.adapted);
    numbers.push_back(run.result.validity.bound);
    seen.push_back(numbers);
    CHECK(run.result.residual_norms.size() == 7);
    CHECK(run.result.residual_norms_predicted.size() == 7);
  }
  set_threads(0);
  CHECK(seen[0] == seen[1]);
  CHECK(seen[1] == seen[2]);
  CHECK(model.predictions(model.weights()) == before);
}

TEST_CASE("no steps, no blocks and no queries are ordinary; bad options are not") {
  const Case c(model::Family::bert);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture({{model::LinearKind::value}});
  AdaptOptions options;
  options.blocks = {"h.0.attn.v.0"};
  options.rho = 0.01;
  const AdaptedModel none = adapt(model, geometry, options);
  CHECK(none.changed.empty());
  CHECK(none.result.queries[2].adapted == none.result.queries[2].base);
  CHECK(none.result.queries[2].linearized == none.result.queries[2].base);
  CHECK(none.result.queries[0].squared_error_base.has_value());
  CHECK_FALSE(none.result.queries[1].squared_error_base.has_value());
  CHECK(none.result.validity.deviation == 0);

  // One rule in both classes: what changes nothing is kept.
  CHECK(none.result.is_kept());
  CHECK(take_steps(model, options.blocks, options.rho, 0).is_kept());
  CHECK(take_steps(model, {}, options.rho, 3).is_kept());
  SteppedModel away = take_steps(model, options.blocks, options.rho, 1);
  CHECK(away.is_kept());
  std::ranges::reverse(away.residual_norms);
  CHECK_FALSE(away.is_kept());
  auto incomplete = geometry;  // a geometry from elsewhere need not have base predictions
  incomplete.prompt_base.resize(0);
  CHECK_THROWS_WITH_AS(adapt(model, incomplete, options), doctest::Contains("prompt_base"),
                       ArgumentError);
  LowRankOptions low_rank{options.blocks, 1, {1.0, 0.5}};
  CHECK_THROWS_WITH_AS(adapt_low_rank(model, incomplete, low_rank),
                       doctest::Contains("prompt_base"), ArgumentError);
  incomplete = geometry;
  incomplete.query_base.resize(0);
  CHECK_THROWS_WITH_AS(adapt_low_rank(model, incomplete, low_rank), doctest::Contains("query_base"),
                       ArgumentError);

  options.horizon = 3;
  options.blocks = {};
  CHECK(adapt(model, geometry, options).changed.empty());
  options.blocks = {"h.9.attn.v.0"};
  CHECK_THROWS_WITH_AS(adapt(model, geometry, options), doctest::Contains("h.9.attn.v.0"),
                       ArgumentError);
  options.blocks = {"h.0.attn.v.0"};
  options.rho = 1e9;
  CHECK_THROWS_AS(adapt(model, geometry, options), ArgumentError);
  options.rho = 0.01;
  options.horizon = -1;
  CHECK_THROWS_AS(adapt(model, geometry, options), ArgumentError);
}
