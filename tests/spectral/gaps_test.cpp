#include "sextant/spectral/gaps.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;

namespace {

/// Mean of a simulated quantity with its standard error.
class Sample {
 public:
  void add(double x) {
    ++count_;
    sum_ += x;
    squares_ += x * x;
  }
  double mean() const { return sum_ / count_; }
  double standard_error() const {
    return std::sqrt((squares_ / count_ - mean() * mean()) / count_);
  }
  /// How many standard errors `expected` is away.
  double distance(double expected) const { return std::abs(mean() - expected) / standard_error(); }

 private:
  double count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

/// Linear model in weight space: f = Phi theta, theta ~ N(0, tau2 I).
struct Model {
  explicit Model(Random& random)
      : phi(normal_matrix(8, 12, random) / 3.0),
        query(normal_vector(12, random)),
        system(decompose(phi * phi.transpose())),
        kt(system.rotate(phi * query)) {}
  Eigen::MatrixXd phi;
  Eigen::VectorXd query;
  Eigensystem system;
  Eigen::VectorXd kt;
};

}  // namespace

TEST_CASE("prompt and query gaps, risks and variances against simulation") {
  Random random(11);
  const Model model(random);
  const Eigen::Index n = model.phi.rows();
  const auto& l = model.system.values;
  for (const Benchmark benchmark : {Benchmark{1.3, 0.2}, Benchmark{0.5, 2.0}}) {
    const double lambda_star = benchmark.lambda_star();
    const double rho = step_from_scale(model.system.largest());
    const Eigen::VectorXd g = gd_prompt_filter(l, rho, 20);
    const Eigen::VectorXd q = gd_query_filter(l, rho, 20);
    const Eigen::VectorXd q_bayes = bayes_query_filter(l, lambda_star);
    const PromptRisk prompt = prompt_risk(benchmark.tau2 * l, benchmark.sigma2, g);
    const AdaptationGap gap =
        adaptation_gap(l, query_gap_weights(l, model.kt, benchmark), lambda_star, q);
    const QueryVariance variance =
        query_variance(l, model.kt, model.query.squaredNorm(), benchmark);

    Sample prompt_error, to_bayes, none_to_bayes, bayes_error, filter_error, prior;
    for (int draw = 0; draw < 20'000; ++draw) {
      const Eigen::VectorXd theta = std::sqrt(benchmark.tau2) * normal_vector(12, random);
      const Eigen::VectorXd f = model.phi * theta;
      const Eigen::VectorXd r = f + std::sqrt(benchmark.sigma2) * normal_vector(n, random);
      const Eigen::VectorXd rt = model.system.rotate(r);
      const double truth = model.query.dot(theta);
      const double bayes = query_correction(q_bayes, model.kt, rt);
      const double filtered = query_correction(q, model.kt, rt);
      prompt_error.add((prompt_correction(model.system, g, r) - f).squaredNorm());
      to_bayes.add(std::pow(filtered - bayes, 2));
      none_to_bayes.add(bayes * bayes);
      bayes_error.add(std::pow(bayes - truth, 2));
      filter_error.add(std::pow(filtered - truth, 2));
      prior.add(truth * truth);
    }
    // Five standard errors of 20,000 draws, each about 1% of the value.
    CHECK(prompt_error.distance(prompt.risk) < 5);
    CHECK(to_bayes.distance(gap.adapted) < 5);
    CHECK(none_to_bayes.distance(gap.none) < 5);
    CHECK(bayes_error.distance(variance.posterior) < 5);
    CHECK(prior.distance(variance.prior) < 5);
    CHECK(filter_error.distance(variance.posterior + gap.adapted) < 5);
    CHECK(gap.adapt == (gap.adapted < gap.none));
    // No correction errs by the prior variance, so its gap is what the Bayes filter explains.
    CHECK(gap.none == test::close(variance.prior - variance.posterior, 1e-12));
  }
}

TEST_CASE("prompt risk needs second moments only [W, F.7]") {
  Random random(12);
  const Eigen::Vector3d c(2.0, 0.3, 0.0);
  const Eigen::Vector3d g(0.8, 0.1, 0.2);
  const double sigma2 = 0.5;
  Sample error;
  for (int draw = 0; draw < 20'000; ++draw) {
    double sum = 0;
    for (int i = 0; i < 3; ++i) {  // signs for f, a uniform observation error
      const double f = std::sqrt(c[i]) * (random.uniform() < 0.5 ? -1 : 1);
      const double noise = std::sqrt(12 * sigma2) * (random.uniform() - 0.5);
      sum += std::pow(g[i] * (f + noise) - f, 2);
    }
    error.add(sum);
  }
  CHECK(error.distance(prompt_risk(c, sigma2, g).risk) < 5);
}

TEST_CASE("risk is Bayes risk plus excess, and the excess is the prompt gap") {
  Random random(13);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    const Eigen::VectorXd& values = spectrum.values;
    CAPTURE(spectrum.name);
    const Benchmark benchmark{0.9, 0.4};
    const double rho = step_from_scale(values.maxCoeff());
    const Eigen::VectorXd g = gd_prompt_filter(values, rho, 8);
    const PromptRisk risk = prompt_risk(benchmark.tau2 * values, benchmark.sigma2, g);
    const double largest = benchmark.tau2 * values.sum() + benchmark.sigma2;
    CHECK(std::abs(risk.risk - risk.bayes - risk.excess) < 1e-14 * largest);
    const GapWeights weights = prompt_gap_weights(values, benchmark);
    CHECK(bayes_gap(values, weights, benchmark.lambda_star(), g) == test::close(risk.excess, 1e-9));
    const Eigen::VectorXd bayes = bayes_prompt_filter(values, benchmark.lambda_star());
    CHECK(prompt_risk(benchmark.tau2 * values, benchmark.sigma2, bayes).excess <= 1e-28 * largest);
    CHECK(bayes_gap(values, weights, benchmark.lambda_star(), bayes) == 0.0);
  }
}

TEST_CASE("adapting wins with a strong signal and loses with a weak one") {
  const Eigen::Vector3d values(2, 1, 0.5);
  const Eigen::VectorXd g = gd_prompt_filter(values, 0.1, 30);
  const auto verdict = [&](const Benchmark& benchmark) {
    return adaptation_gap(values, prompt_gap_weights(values, benchmark), benchmark.lambda_star(), g)
        .adapt;
  };
  CHECK(verdict({1.0, 0.01}));
  CHECK_FALSE(verdict({0.01, 1.0}));
  CHECK_FALSE(verdict({0.0, 1.0}));  // no signal at all
  CHECK_FALSE(verdict({0.0, 0.0}));  // nothing to gain or lose: both gaps are 0
}

TEST_CASE("variances at the ends: no prior, no observation variance, no prompt coupling") {
  const Eigen::Vector2d values(1.5, 0.0);
  const Eigen::Vector2d kt(0.6, 0.0);
  CHECK(Benchmark{0.0, 1.0}.lambda_star() == std::numeric_limits<double>::infinity());
  CHECK(query_variance(values, kt, 0.5, {0.0, 1.0}).posterior == 0.0);
  // sigma2 = 0: the query's component along the prompt is known exactly.
  CHECK(query_variance(values, kt, 0.5, {2.0, 0.0}).posterior ==
        test::close(2 * (0.5 - 0.36 / 1.5)));
  CHECK(query_variance(values, kt, 0.36 / 1.5, {2.0, 0.0}).posterior >= 0.0);
  const QueryVariance uncoupled = query_variance(values, Eigen::Vector2d::Zero(), 0.5, {2.0, 1.0});
  CHECK(uncoupled.posterior == uncoupled.prior);
}

TEST_CASE("units: residuals and kernel rescaled") {
  const Eigen::Vector3d values(3, 1, 0.1);
  const Eigen::Vector3d kt(0.5, -0.2, 0.1);
  const double a = 1e3;   // residuals in other units
  const double b = 1e-5;  // kernel in other units
  const Benchmark before{0.7, 0.3};
  const Benchmark after{0.7 * a * a / b, 0.3 * a * a};
  const auto gap = [](const Eigen::VectorXd& l, const Eigen::VectorXd& k, const Benchmark& bench,
                      double rho) {
    return adaptation_gap(l, query_gap_weights(l, k, bench), bench.lambda_star(),
                          gd_query_filter(l, rho, 8));
  };
  const AdaptationGap first = gap(values, kt, before, 0.1);
  const AdaptationGap second = gap(b * values, b * kt, after, 0.1 / b);
  CHECK(second.none == test::close(a * a * first.none, 1e-12));
  CHECK(second.adapted == test::close(a * a * first.adapted, 1e-12));
}

TEST_CASE("gaps: arguments out of range") {
  const Eigen::Vector2d two(1, 1);
  const Eigen::Vector3d three(1, 1, 1);
  CHECK_THROWS_AS(prompt_gap_weights(two, {-1, 1}), ArgumentError);
  CHECK_THROWS_AS(query_gap_weights(two, three, {1, 1}), ArgumentError);
  CHECK_THROWS_AS(bayes_gap(two, {three, FilterForm::prompt}, 1, two), ArgumentError);
  CHECK_THROWS_AS(bayes_gap(two, {two, FilterForm::prompt}, 1, three), ArgumentError);
  CHECK_THROWS_AS(prompt_risk(two, 1, three), ArgumentError);
  CHECK_THROWS_AS(prompt_risk(Eigen::Vector2d(1, -1), 1, two), ArgumentError);
  CHECK_THROWS_AS(query_variance(two, two, -1, {1, 1}), ArgumentError);
}
