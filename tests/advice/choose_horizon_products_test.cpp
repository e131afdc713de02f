/// Advice from products against advice from the decomposition.

#include "sextant/advice/choose_horizon_products.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/geometry/blocks.hpp"
#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::advice;

namespace {

struct Prompt {
  geometry::PromptGeometry geometry;
  Eigen::MatrixXd kernel;
};

Prompt make_prompt(std::uint64_t seed) {
  Prompt prompt;
  Random random(seed);
  prompt.geometry = test::random_geometry(random, 40, 3, {5, 12, 30});
  prompt.kernel = geometry::summed_kernel(prompt.geometry);
  return prompt;
}

KernelProducts products_of(const Prompt& prompt, const spectral::KernelOperator& kernel) {
  KernelProducts products;
  products.kernel = &kernel;
  products.residuals = prompt.geometry.residuals;
  const Eigen::Index m = prompt.geometry.queries();
  products.couplings.resize(prompt.geometry.examples(), m);
  products.variances.resize(m);
  for (Eigen::Index x = 0; x < m; ++x) {
    products.couplings.col(x) = geometry::summed_coupling(prompt.geometry, x);
    products.variances[x] = geometry::summed_variance(prompt.geometry, x);
    products.query_numbers.push_back(x);
  }
  return products;
}

/// Variances that are given leave nothing to the estimated determinant but the evidence.
HorizonOptions known_variances() {
  HorizonOptions options;
  options.tau2 = 0.8;
  options.sigma2 = {evidence::Sigma2Rule::fixed, 0.4};
  return options;
}

}  // namespace

TEST_CASE("corrections and gaps from products are those of the decomposition") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Prompt prompt = make_prompt(seed);
    const spectral::DenseKernel kernel(prompt.kernel);
    HorizonOptions options = known_variances();
    options.horizons = {7};  // one candidate: the same T whatever the evidence
    const HorizonChoice dense = choose_horizon(prompt.geometry, options);
    const HorizonChoice from_products =
        choose_horizon(products_of(prompt, kernel), options, {40, 8, 1});
    CHECK(from_products.n == 40);
    CHECK(from_products.lambda_max == test::close(dense.lambda_max, 1e-9));
    CHECK(from_products.rho == test::close(dense.rho, 1e-9));
    CHECK(from_products.products->solve_residual < 1e-8);
    CHECK(choose_horizon(products_of(prompt, kernel), options, {3, 8, 1}).products->solve_residual >
          1e-3);
    CHECK(from_products.prompt.none == test::close(dense.prompt.none, 0.2));
    REQUIRE(from_products.queries.size() == dense.queries.size());
    for (std::size_t x = 0; x < dense.queries.size(); ++x) {
      const QueryAdvice& ours = from_products.queries[x];
      const QueryAdvice& theirs = dense.queries[x];
      CHECK(ours.correction_map == test::close(theirs.correction_map, 1e-8));
      CHECK(ours.correction_average == test::close(theirs.correction_average, 1e-8));
      CHECK(ours.correction_bayes == test::close(theirs.correction_bayes, 1e-8));
      CHECK(ours.gap_none == test::close(theirs.gap_none, 1e-8));
      CHECK(ours.gap_map == test::close(theirs.gap_map, 1e-8));
      CHECK(ours.variance_prior == test::close(theirs.variance_prior, 1e-8));
      CHECK(ours.variance_posterior == test::close(theirs.variance_posterior, 1e-7));
      CHECK(ours.adapt == theirs.adapt);
      CHECK(from_products.spectral_match.horizon_query[x] == dense.spectral_match.horizon_query[x]);
      CHECK(!ours.interval);
    }
  }
}

TEST_CASE("the evidence is within its stated error, and T_MAP within its range") {
  int inside = 0;
  int covered = 0;
  constexpr int seeds = 60;
  for (int seed = 0; seed < seeds; ++seed) {
    const Prompt prompt = make_prompt(static_cast<std::uint64_t>(seed));
    const spectral::DenseKernel kernel(prompt.kernel);
    const HorizonChoice dense = choose_horizon(prompt.geometry);
    const HorizonChoice sampled =
        choose_horizon(products_of(prompt, kernel), {}, {30, 8, static_cast<std::uint64_t>(seed)});
    REQUIRE(sampled.products);
    const double error = 30 * sampled.products->evidence_error;
    // 2.36 is the 97.5% quantile of Student's t with 7 degrees of freedom.
    inside += std::abs(sampled.curve.values[30] - dense.curve.values[30]) <= 2.36 * error + 1e-9;
    covered +=
        sampled.products->t_map_low <= dense.t_map && dense.t_map <= sampled.products->t_map_high;
    CHECK(std::abs(sampled.curve.values[0] - dense.curve.values[0]) < 1e-9);
  }
  CHECK(inside >= 51);  // 57 expected, standard deviation 1.7
  CHECK(covered >= 51);
}

TEST_CASE("degenerate prompts have answers, and what does not fit is refused") {
  const Eigen::MatrixXd zero = Eigen::MatrixXd::Zero(6, 6);
  const spectral::DenseKernel kernel(zero);
  KernelProducts prompt;
  prompt.kernel = &kernel;
  prompt.residuals = Eigen::VectorXd::LinSpaced(6, -1, 1);
  const HorizonChoice nothing = choose_horizon(prompt, {}, {});
  CHECK(nothing.rho == 0);
  CHECK(nothing.t_map == 0);
  CHECK(nothing.warnings.size() == 1);

  const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(6, 6);
  const spectral::DenseKernel identity(one);
  prompt.kernel = &identity;
  prompt.residuals.setZero();
  CHECK(choose_horizon(prompt, {}, {}).curve.zero_residuals);

  CHECK_THROWS_AS(choose_horizon(prompt, {}, {0, 8, 1}), ArgumentError);
  CHECK_THROWS_AS(choose_horizon(prompt, {}, {10, 1, 1}), ArgumentError);
  prompt.variances = Eigen::VectorXd::Ones(1);
  CHECK_THROWS_AS(choose_horizon(prompt, {}, {}), ArgumentError);
  prompt.kernel = nullptr;
  CHECK_THROWS_AS(choose_horizon(prompt, {}, {}), ArgumentError);
}

TEST_CASE("products that show no kernel are refused") {
  /// Any square matrix as products.
  class AnyMatrix : public spectral::KernelOperator {
   public:
    explicit AnyMatrix(Eigen::MatrixXd matrix) : matrix_(std::move(matrix)) {}
    Eigen::Index size() const override { return matrix_.rows(); }
    Eigen::MatrixXd apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const override {
      return matrix_ * columns;
    }
    std::optional<double> trace() const override { return matrix_.trace(); }

   private:
    Eigen::MatrixXd matrix_;
  };
  const Prompt prompt = make_prompt(5);
  const AnyMatrix right(prompt.kernel);
  CHECK_NOTHROW(choose_horizon(products_of(prompt, right), {}, {}));
  const AnyMatrix single(prompt.kernel.cast<float>().cast<double>());
  CHECK_NOTHROW(choose_horizon(products_of(prompt, single), {}, {}));
  const Eigen::MatrixXd triangle = prompt.kernel.triangularView<Eigen::Lower>();
  const AnyMatrix asymmetric(triangle);
  CHECK_THROWS_WITH_AS(choose_horizon(products_of(prompt, asymmetric), {}, {}),
                       doctest::Contains("kernel is not symmetric"), ArgumentError);
  const Eigen::MatrixXd shifted =
      prompt.kernel - 0.1 * prompt.kernel.operatorNorm() * Eigen::MatrixXd::Identity(40, 40);
  const AnyMatrix indefinite(shifted);
  CHECK_THROWS_WITH_AS(choose_horizon(products_of(prompt, indefinite), {}, {}),
                       doctest::Contains("kernel is not positive semidefinite"), ArgumentError);
  KernelProducts wrong = products_of(prompt, right);
  wrong.residuals *= 1e200;
  CHECK_THROWS_WITH_AS(choose_horizon(wrong, {}, {}), doctest::Contains("its square overflows"),
                       ArgumentError);
  wrong = products_of(prompt, right);
  wrong.couplings(3, 1) = std::nan("");
  CHECK_THROWS_AS(choose_horizon(wrong, {}, {}), ArgumentError);
  wrong = products_of(prompt, right);
  wrong.variances[1] = -1;
  CHECK_THROWS_AS(choose_horizon(wrong, {}, {}), ArgumentError);
}
