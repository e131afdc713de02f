/// Products with a model's kernel against the kernels that capture forms.

#include "sextant/ttt/model_kernel.hpp"

#include <doctest/doctest.h>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "support/close.hpp"
#include "support/prompt_model_case.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::ttt;
using Case = test::PromptModelCase;

namespace {

model::CaptureOptions every_kind(const PromptModel& model) {
  return {linear_kinds(model.weights().config)};
}

/// Everything kept in one piece, and three sequences a piece with nothing kept.
const JacobianMemory memories[] = {{}, {20, 0}};

}  // namespace

TEST_CASE("products with the kernel are those of the captured one") {
  for (const auto family : {model::Family::gpt2, model::Family::bert, model::Family::rows}) {
    const Case c(family);
    const PromptModel model = c.prompt_model();
    const auto geometry = model.capture(every_kind(model));
    const auto names = geometry::block_names(geometry);
    for (const std::vector<std::string>& blocks :
         {names, {"h.1.attn.v.1"}, {"h.0.attn.o.0", "h.1.mlp.in"}}) {
      const auto indices = geometry::select_blocks(geometry, blocks);
      const Eigen::MatrixXd kernel = geometry::summed_kernel(geometry, indices);
      for (const JacobianMemory& memory : memories) {
        const ModelJacobian jacobian(model, model.prompt().example_tokens, blocks, memory);
        CHECK((jacobian.predictions() - geometry.prompt_base).cwiseAbs().maxCoeff() < 1e-6);
        const ModelKernel products(jacobian);
        const Eigen::MatrixXd columns = Eigen::MatrixXd::Identity(5, 5);
        CHECK((products.apply(columns) - kernel).norm() < 2e-5 * kernel.norm());
        CHECK(!products.trace());
      }
    }
  }
}

TEST_CASE("couplings, variances and blocks come from the queries' gradients") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const auto geometry = model.capture(every_kind(model));
  const auto names = geometry::block_names(geometry);
  const ModelJacobian examples(model, model.prompt().example_tokens, names);
  const ModelJacobian queries(model, model.prompt().query_tokens, names);
  for (Eigen::Index x = 0; x < 3; ++x) {
    const auto gradient = queries.pull_back(Eigen::VectorXd::Unit(3, x));
    const Eigen::VectorXd coupling = examples.push_forward(gradient);
    const Eigen::VectorXd expected = geometry::summed_coupling(geometry, x);
    CHECK((coupling - expected).norm() < 2e-5 * expected.norm());
    const Eigen::VectorXd variances = queries.squared_norms(gradient);
    for (std::size_t b = 0; b < names.size(); ++b) {
      const auto at = static_cast<Eigen::Index>(b);
      CHECK(variances[at] == test::close(geometry.query_variances(x, at), 2e-5));
      const Eigen::VectorXd own = examples.push_forward(queries.restricted(gradient, b));
      const auto kernel = geometry.query_kernels[static_cast<std::size_t>(x)].col(at);
      CHECK((own - kernel).norm() < 2e-5 * (kernel.norm() + 1e-3 * expected.norm()));
    }
  }
}

TEST_CASE("a jacobian is deterministic and refuses what does not fit") {
  const Case c(model::Family::gpt2);
  const PromptModel model = c.prompt_model();
  const std::vector<std::string> blocks = {"h.0.attn.v.0", "h.1.attn.v.1"};
  const Eigen::VectorXd v = Eigen::VectorXd::LinSpaced(5, -1, 2);
  std::vector<Eigen::VectorXd> products;
  for (const int count : {1, 3}) {
    set_threads(count);
    const ModelJacobian jacobian(model, model.prompt().example_tokens, blocks);
    products.emplace_back(ModelKernel(jacobian).apply(v));
    CHECK_THROWS_AS(jacobian.pull_back(v.head(2)), ArgumentError);
  }
  set_threads(0);
  CHECK(products[0] == products[1]);
  CHECK_THROWS_AS(ModelJacobian(model, model.prompt().example_tokens, {"h.9.attn.v.0"}),
                  ArgumentError);
  CHECK_THROWS_AS(ModelJacobian(model, model.prompt().example_tokens, {}), ArgumentError);
  CHECK_THROWS_AS(ModelJacobian(model, {}, blocks), ArgumentError);
}
