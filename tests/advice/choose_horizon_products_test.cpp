/// Advice from products against advice from the decomposition.

#include "sextant/advice/choose_horizon_products.hpp"

#include <doctest/doctest.h>

#include <Eigen/QR>
#include <cmath>
#include <initializer_list>

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

TEST_CASE("sums over the eigenvalues of a diagonal kernel leave nothing to chance") {
  Random random(8);
  geometry::PromptGeometry geometry;
  geometry.blocks = {{"h.0.attn.v.0", 0, 0, "value", 40}};
  geometry.kernels = {Eigen::VectorXd::LinSpaced(40, 3, 0.05).asDiagonal()};
  geometry.residuals = normal_vector(40, random);
  geometry.query_variances.resize(0, 1);
  const spectral::DenseKernel kernel(geometry.kernels[0]);
  HorizonOptions options = known_variances();
  const HorizonChoice dense = choose_horizon(geometry, options);
  const HorizonChoice products =
      choose_horizon(products_of({geometry, geometry.kernels[0]}, kernel), options, {40, 4, 1});
  CHECK(products.t_map == dense.t_map);
  REQUIRE(dense.t_map > 0);
  CHECK(products.prompt.none == test::close(dense.prompt.none, 1e-9));
  CHECK(products.prompt.map == test::close(dense.prompt.map, 1e-9));
  CHECK(products.oracle_horizon_prompt == dense.oracle_horizon_prompt);
  CHECK(products.spectral_match.t_mu == test::close(dense.spectral_match.t_mu, 1e-9));
  for (Eigen::Index t = 0; t <= 30; ++t) {
    CHECK(products.curve.values[t] == test::close(dense.curve.values[t], 1e-9));
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

TEST_CASE("couplings that explain more than there is are warned of from products too") {
  const Prompt prompt = make_prompt(5);
  const spectral::DenseKernel kernel(prompt.kernel);
  KernelProducts products = products_of(prompt, kernel);
  const auto says = [&] {
    for (const std::string& warning : choose_horizon(products, {}, {}).warnings) {
      if (warning.starts_with("The couplings of query 1 explain")) return true;
    }
    return false;
  };
  CHECK_FALSE(says());
  products.variances[1] *= 0.1;
  CHECK(says());
}

TEST_CASE("a likelihood that is flat in lambda_star is said to be so from products too") {
  Random random(3);
  for (const Eigen::Index n : {1, 2, 7, 300}) {
    for (const double c : {1.0, 0.37, 1e-5, 3e7}) {
      CAPTURE(n);
      CAPTURE(c);
      geometry::PromptGeometry geometry;
      geometry.blocks = {{"h.0.attn.v.0", 0, 0, "value", n}};
      geometry.kernels = {c * Eigen::MatrixXd::Identity(n, n)};
      geometry.residuals = normal_vector(n, random);
      geometry.query_kernels = {c * normal_matrix(n, 1, random)};
      geometry.query_variances =
          Eigen::MatrixXd::Constant(1, 1, 2 * geometry.query_kernels[0].squaredNorm() / c);
      // Orthonormal features: the same kernel up to the rounding of its products.
      const Eigen::MatrixXd features =
          Eigen::HouseholderQR<Eigen::MatrixXd>(normal_matrix(n, n, random)).householderQ();
      const spectral::DenseKernel dense(geometry.kernels[0]);
      const spectral::FeatureKernel rounded({&features}, {c});
      const HorizonChoice expected = choose_horizon(geometry);
      REQUIRE_FALSE(expected.identifies_lambda_star());
      for (const spectral::KernelOperator* kernel :
           std::initializer_list<const spectral::KernelOperator*>{&dense, &rounded}) {
        const HorizonChoice choice =
            choose_horizon(products_of({geometry, geometry.kernels[0]}, *kernel), {}, {30, 8, 1});
        CHECK_FALSE(choice.identifies_lambda_star());
        CHECK(choice.warnings == expected.warnings);
        CHECK(choice.lambda_star == test::close(c));
        const double mean_square = geometry.residuals.squaredNorm() / static_cast<double>(n);
        CHECK(choice.benchmark.sigma2 == test::close(mean_square / 2));
        CHECK(choice.benchmark.tau2 == test::close(mean_square / 2 / c));
        CHECK(choice.products->lambda_star_low == 0);
        CHECK(std::isinf(choice.products->lambda_star_high));
        CHECK(choice.t_map == expected.t_map);
        const double correction = geometry.query_kernels[0].col(0).dot(geometry.residuals);
        CHECK(std::abs(choice.queries[0].correction_bayes - correction / (2 * c)) <
              1e-9 / c * geometry.query_kernels[0].norm() * geometry.residuals.norm());
        CHECK(choice.queries[0].gap_none == test::close(expected.queries[0].gap_none, 1e-9));
        CHECK(choice.queries[0].variance_posterior ==
              test::close(expected.queries[0].variance_posterior, 1e-9));
      }
    }
  }
}

TEST_CASE("a kernel that is nearly proportional to the identity identifies lambda_star") {
  Random random(4);
  Prompt prompt;
  prompt.kernel = Eigen::VectorXd::LinSpaced(300, 0.9, 1.1).asDiagonal();
  prompt.geometry.residuals = normal_vector(300, random);
  const spectral::DenseKernel kernel(prompt.kernel);
  const HorizonChoice choice = choose_horizon(products_of(prompt, kernel), {}, {30, 8, 1});
  CHECK(choice.identifies_lambda_star());
  for (const std::string& warning : choice.warnings) {
    CHECK(warning.find("not identified") == std::string::npos);
  }
}
