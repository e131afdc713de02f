#include "sextant/ttt/adapt.hpp"

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/ttt/linear_prediction.hpp"
#include "sextant/ttt/low_rank.hpp"
#include "sextant/ttt/model_kernel.hpp"
#include "sextant/ttt/step_path.hpp"
#include "support/close.hpp"
#include "support/first_order.hpp"
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

/// Four steps on all blocks against the linear model's changes of all examples and queries.
class FirstOrder {
 public:
  using Change = std::function<void(AdaptOptions&)>;

  FirstOrder(const PromptModel& model, geometry::PromptGeometry geometry, Solver solver)
      : model_(model),
        geometry_(std::move(geometry)),
        largest_(lambda_max(geometry::summed_kernel(geometry_))) {
    options_.solver = solver;
    options_.horizon = 4;
    options_.blocks = geometry::block_names(geometry_);
  }

  const AdaptOptions& options() const { return options_; }

  double error() const { return error(model_, geometry_); }

  /// Of an update with other options than the linear model's.
  double error(const PromptModel& model, const Change& change) const {
    return error(model, geometry_, change);
  }

  /// Of an update of another model.
  double error(
      const PromptModel& model, const geometry::PromptGeometry& geometry,
      const Change& change = [](AdaptOptions&) {}) const {
    return error_of([&](const AdaptOptions& right) {
      AdaptOptions options = right;
      change(options);
      return model.predictions(adapt(model, geometry, options).weights);
    });
  }

  /// Of w <- w - J' q_T(K) r.
  double error_of_opposite_sign() const {
    return error_of([&](const AdaptOptions& options) {
      return one_shot_predictions(model_, options.blocks, -linear(options).coefficients);
    });
  }

 private:
  LinearPrediction linear(const AdaptOptions& options) const {
    return predict_linearly(geometry_, options.blocks, options.rho, options.horizon);
  }

  double error_of(const std::function<Eigen::VectorXd(const AdaptOptions&)>& predict) const {
    const Eigen::VectorXd base = model_.predictions(model_.weights());
    const auto update = [&](double scale) {
      AdaptOptions options = options_;
      options.rho = scale / largest_;
      const LinearPrediction linear = this->linear(options);
      test::Changes changes = {predict(options) - base, Eigen::VectorXd(base.size())};
      changes.linear << linear.example_changes, linear.query_changes;
      return changes;
    };
    return test::first_order_error(update, 0.01);
  }

  const PromptModel& model_;
  geometry::PromptGeometry geometry_;
  double largest_;
  AdaptOptions options_;
};

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

TEST_CASE("linearised and real corrections agree to first order, and wrong updates do not") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    for (const Solver solver : {Solver::steps, Solver::one_shot}) {
      const Case c(family);
      const PromptModel model = c.prompt_model();
      const FirstOrder check(model, model.capture(all_kinds()), solver);
      CHECK(check.error() < test::first_order_tolerance);
      const auto wrong = [&](const FirstOrder::Change& change) {
        return check.error(model, change);
      };
      CHECK(wrong([](AdaptOptions& o) { o.rho *= 1.02; }) == test::close(0.02, 0.1));
      CHECK(wrong([](AdaptOptions& o) { o.rho *= 0.98; }) == test::close(0.02, 0.1));
      CHECK(wrong([](AdaptOptions& o) { o.horizon = 2; }) == test::close(0.5, 0.01));
      CHECK(wrong([](AdaptOptions& o) { o.horizon = 0; }) == test::close(1.0, 1e-3));
      CHECK(wrong([](AdaptOptions& o) { o.blocks.pop_back(); }) > test::first_order_tolerance);
      CHECK(check.error_of_opposite_sign() == test::close(2.0, 0.01));
    }
  }
}

TEST_CASE("what an update reports is what it did") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    for (const Solver solver : {Solver::steps, Solver::one_shot}) {
      const Case c(family);
      const PromptModel model = c.prompt_model();
      const auto geometry = model.capture(all_kinds());
      AdaptOptions options;
      options.solver = solver;
      options.horizon = 4;
      options.blocks = geometry::block_names(geometry);
      std::vector<double> deviations;
      for (const double scale : {0.02, 0.01, 0.005}) {
        options.rho = scale / lambda_max(geometry::summed_kernel(geometry));
        const AdaptedModel run = adapt(model, geometry, options);
        const LinearPrediction linear =
            predict_linearly(geometry, options.blocks, options.rho, options.horizon);
        const Eigen::VectorXd before = model.predictions(model.weights());
        const Eigen::VectorXd after = model.predictions(run.weights);
        CHECK(std::abs(run.result.validity.largest_move - (after - before).cwiseAbs().maxCoeff()) <
              1e-6);
        for (Eigen::Index x = 0; x < model.queries(); ++x) {
          const QueryOutcome& query = run.result.queries[static_cast<std::size_t>(x)];
          CHECK(query.base == test::close(geometry.query_base[x]));
          CHECK(query.linearized - query.base == test::close(linear.query_changes[x], 1e-9));
          CHECK(query.adapted == after[model.examples() + x]);
        }
        const PromptOutcome& prompt = run.result.prompt;
        CHECK(prompt.residual_norm_before == test::close(geometry.residuals.norm()));
        CHECK(prompt.residual_norm_after ==
              test::close((model.targets() - after.head(model.examples())).norm()));
        CHECK(prompt.residual_norm_predicted ==
              test::close((geometry.residuals - linear.example_changes).norm(), 1e-9));
        deviations.push_back(run.result.validity.deviation);
        CHECK(run.result.validity.deviation <= run.result.validity.bound);
        CHECK(run.result.validity.kernel_drift > 0);
      }
      // Of second order in rho: no update, or a wrong one, leaves ratios of 2.
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
    const PromptModel unscaled = c.prompt_model();
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
      const FirstOrder check(model, geometry, solver);
      CHECK(check.error() < test::first_order_tolerance);
      // The same steps on a model that was not told of the scales.
      CHECK(check.error(unscaled, plain) > 10 * test::first_order_tolerance);
      AdaptOptions options = check.options();
      options.rho = 0.02 / lambda_max(kernel);
      const Validity validity = adapt(model, geometry, options).result.validity;
      CHECK(validity.deviation <= validity.bound);
    }
  }
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
  // B is the larger of both ends of the path, so that the ratio is what theory says plus a term of
  // first order in rho, which two step sizes take away.
  const auto ratio = [&](double scale) {
    options.rho = scale / lambda_max(kernel);
    options.solver = Solver::steps;
    const double steps = adapt(model, geometry, options).result.validity.bound;
    options.solver = Solver::one_shot;
    return steps / adapt(model, geometry, options).result.validity.bound;
  };
  double largest = lambda_max(kernel);
  for (Eigen::Index x = 0; x < model.queries(); ++x) {
    largest = std::max(largest, geometry::summed_variance(geometry, x));
  }
  // Both make the same update, |delta w|^2 = rho^2 r'K r, so L is the same and cancels.
  const Eigen::VectorXd& r = geometry.residuals;
  const double expected = 3 * largest * r.squaredNorm() / r.dot(kernel * r);
  // 2.3% off at 0.01, 0.02% without that term; 1 in place of 1.5, or B of one end, is 33% and 1%.
  const double first = ratio(0.01);
  const double second = ratio(0.005);
  CHECK(2 * second - first == test::close(expected, 1e-3));
  CHECK((first - expected) / (second - expected) == test::close(2.0, 0.05));
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
  auto relabelled = geometry;  // predictions and kernels are the same
  relabelled.residuals[1] += 0.5;
  auto by_tokens = geometry;
  by_tokens.tokenwise = true;
  const LowRankOptions one{options.blocks, 1, {1.0, 0.5}};
  for (const auto& [wrong, message] :
       {std::pair(&relabelled, "is of other labels: prompt_base + residuals is"),
        std::pair(&by_tokens, "is of tokenwise features")}) {
    CHECK_THROWS_WITH_AS(adapt(model, *wrong, options), doctest::Contains(message), ArgumentError);
    CHECK_THROWS_WITH_AS(adapt_low_rank(model, *wrong, one), doctest::Contains(message),
                         ArgumentError);
  }
  auto of_other_queries = geometry;
  std::swap(of_other_queries.query_base[0], of_other_queries.query_base[2]);
  AdaptOptions one_step = options;
  one_step.horizon = 1;
  CHECK_NOTHROW(adapt(model, geometry, one_step));
  CHECK_THROWS_WITH_AS(adapt(model, of_other_queries, one_step), doctest::Contains("query_base["),
                       ArgumentError);
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
