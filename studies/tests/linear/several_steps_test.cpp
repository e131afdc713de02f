/// Several steps: moments of the filter against reference values, drawn Gram matrices and literal
/// gradient descent.

#include "sextant/studies/linear/several_steps.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "linear/simulation.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/linear/one_step.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::linear;
using sextant::test::close;

namespace {

/// Means over drawn Gram matrices of the filter's moments.
struct DrawnMoments {
  statistics::RunningMean first, second, noise;

  DrawnMoments(std::int64_t k, std::int64_t d, std::int64_t steps, double rho, int draws,
               std::uint64_t seed) {
    Random random(seed);
    for (int i = 0; i < draws; ++i) {
      const Eigen::MatrixXd x = normal_matrix(k, d, random);
      const Eigen::VectorXd values =
          Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(x.transpose() * x, Eigen::EigenvaluesOnly)
              .eigenvalues()
              .cwiseMax(0.0);
      const FilterMoments moments = filter_moments(values, steps, rho);
      first.add(moments.first);
      second.add(moments.second);
      noise.add(moments.noise);
    }
  }
};

}  // namespace

TEST_CASE("reference values of Wishart moments and of the filter") {
  const double wide[] = {1, 15, 540, 24510, 1259700, 70136220, 4136544720};
  const double small[] = {1, 7, 140, 3542, 102564, 3257100, 111024144};
  for (int j = 0; j <= 6; ++j) {
    CHECK(gram_moment(15, 20, j) == wide[j]);
    CHECK(gram_moment(7, 12, j) == small[j]);
    // d = 1: a chi-square with k degrees of freedom.
    double chi = 1;
    for (int i = 0; i < j; ++i) chi *= 9 + 2 * i;
    CHECK(gram_moment(9, 1, j) == close(chi));
    // X X' and X'X have the same trace.
    if (j > 0) CHECK(4 * gram_moment(11, 4, j) == close(11 * gram_moment(4, 11, j)));
  }
  struct Line {
    int steps;
    std::int64_t k, d;
    double rho, first, second, noise;
  };
  for (const Line& line :
       {Line{1, 15, 20, .01292341855, .1938512783, .0901879634, .05010442411},
        Line{2, 15, 20, .01148748316, .2733648693, .158354726, .101403586},
        Line{3, 15, 20, .01005154776, .313536185, .1969554478, .1363634768},
        Line{3, 40, 10, .005555555556, .4987242798, .2885532049, .06319493895}}) {
    const FilterMoments m = exact_filter_moments(line.k, line.d, line.steps, line.rho);
    CHECK(m.first == close(line.first, 1e-8));
    CHECK(m.second == close(line.second, 1e-8));
    CHECK(m.noise == close(line.noise, 1e-8));
  }
}

TEST_CASE("exact moments are those of drawn Gram matrices") {
  for (const int steps : {1, 2, 3}) {
    for (const auto& sizes : {std::pair{6, 9}, std::pair{12, 4}, std::pair{5, 1}}) {
      const int k = sizes.first;
      const int d = sizes.second;
      CAPTURE(steps);
      CAPTURE(k);
      const double rho = .6 * largest_stable_rho(k, d);
      const FilterMoments exact = exact_filter_moments(k, d, steps, rho);
      const DrawnMoments drawn(k, d, steps, rho, 8000, 5);
      CHECK(std::abs(drawn.first.score(exact.first)) < 4);
      CHECK(std::abs(drawn.second.score(exact.second)) < 4);
      CHECK(std::abs(drawn.noise.score(exact.noise)) < 4);
      CHECK(std::abs(drawn.second.score(exact.first)) > 5);
    }
  }
}

TEST_CASE("the limiting moments come closer with size, and match any number of steps") {
  for (const auto& [k, d] : {std::pair{3, 4}, std::pair{6, 4}}) {
    for (const int steps : {1, 2, 3}) {
      double before = 1;
      for (const int factor : {5, 20, 80}) {
        const double rho = .7 * largest_stable_rho(k * factor, d * factor);
        const FilterMoments exact = exact_filter_moments(k * factor, d * factor, steps, rho);
        const FilterMoments limit = limiting_filter_moments(k * factor, d * factor, steps, rho);
        double worst = 0;
        for (const auto& [a, b] :
             {std::pair{exact.first, limit.first}, std::pair{exact.second, limit.second},
              std::pair{exact.noise, limit.noise}}) {
          worst = std::max(worst, std::abs(a / b - 1));
        }
        CHECK(worst < before);
        if (factor == 5) CHECK(worst < .06);
        if (factor == 80) CHECK(worst < .004);
        before = worst;
      }
    }
  }
  const double rho = .7 * largest_stable_rho(90, 120);
  const DrawnMoments drawn(90, 120, 40, rho, 60, 11);
  const FilterMoments limit = limiting_filter_moments(90, 120, 40, rho);
  CHECK(drawn.first.value() == close(limit.first, .01));
  CHECK(drawn.second.value() == close(limit.second, .01));
  CHECK(drawn.noise.value() == close(limit.noise, .02));
}

TEST_CASE("no step, no step size, and steps without end") {
  for (const FilterMoments& m :
       {exact_filter_moments(5, 7, 0, .1), exact_filter_moments(5, 7, 3, 0),
        limiting_filter_moments(5, 7, 0, .01), limiting_filter_moments(5, 7, 8, 0),
        filter_moments(Eigen::VectorXd::Ones(3), 0, .4),
        filter_moments(Eigen::VectorXd::Zero(3), 9, .4)}) {
    CHECK(m.first == 0);
    CHECK(m.second == 0);
    CHECK(m.noise == 0);
  }
  for (const auto& [k, d] : {std::pair{4, 10}, std::pair{24, 8}}) {
    const FilterMoments end = converged_filter_moments(k, d);
    CHECK(end.first == close(std::min(k, d) / static_cast<double>(d)));
    const DrawnMoments drawn(k, d, 100'000, .3 * largest_stable_rho(k, d), 8000, 2);
    CHECK(drawn.first.value() == close(end.first, 1e-6));
    CHECK(std::abs(drawn.noise.score(end.noise)) < 4);
  }
  CHECK(converged_filter_moments(10, 10).noise == std::numeric_limits<double>::infinity());
  CHECK(converged_filter_moments(9, 10).noise == std::numeric_limits<double>::infinity());
  CHECK(converged_filter_moments(11, 10).noise == std::numeric_limits<double>::infinity());
  CHECK(converged_filter_moments(12, 10).noise == 10);
  // Many steps in the limit, away from k = d.
  const FilterMoments many =
      limiting_filter_moments(1000, 4000, 100'000, largest_stable_rho(1000, 4000));
  CHECK(many.first == close(.25, 1e-6));
  CHECK(many.noise == close(converged_filter_moments(1000, 4000).noise, 1e-3));
}

TEST_CASE("one step is what the one-step theory says") {
  Random random(4);
  const Diagonal setting = as_diagonal({9, 6, 5, 1.3, .4});
  const Eigen::MatrixXd w0 = .04 * normal_matrix(5, 5, random);
  const Eigen::VectorXd u = test::Draw(setting, setting.n, random).u();
  const ContextRisks one = one_step_given_context(setting, w0, u);
  const GivenContext context = given_context(setting, w0, u);
  for (const double eta : {1e-5, 1e-4, one.same_context.best_step()}) {
    const StepsRisk risk =
        several_steps(context, exact_filter_moments(6, 5, 1, 2 * eta * context.squared_norm));
    CHECK(risk.same_context == close(one.same_context.at(eta), 1e-11));
    CHECK(risk.fresh_context == close(one.fresh_context.at(eta), 1e-11));
  }
}

TEST_CASE("risks of literal gradient descent on the matrix") {
  Random random(6);
  const Diagonal setting = as_diagonal({12, 7, 5, 1, .3});
  const Eigen::MatrixXd w0 = .05 * Eigen::MatrixXd::Identity(5, 5);
  const Eigen::VectorXd u = test::Draw(setting, setting.n, random).u();
  const GivenContext context = given_context(setting, w0, u);
  const double rho = .5 * largest_stable_rho(7, 5);
  for (const int steps : {2, 3}) {
    const StepsRisk exact = several_steps(context, exact_filter_moments(7, 5, steps, rho));
    statistics::RunningMean same;
    statistics::RunningMean fresh;
    for (int i = 0; i < 20000; ++i) {
      const auto risks =
          test::simulate(setting, w0, u, rho / (2 * context.squared_norm), steps, random);
      same.add(risks.same_context);
      fresh.add(risks.fresh_context);
    }
    CHECK(std::abs(same.score(exact.same_context)) < 3.5);
    CHECK(std::abs(fresh.score(exact.fresh_context)) < 3.5);
    CHECK(std::abs(same.score(context.error + .3)) > 5);
  }
}

TEST_CASE("arguments out of range are rejected") {
  CHECK_THROWS_AS(exact_filter_moments(0, 5, 1, .1), ArgumentError);
  CHECK_THROWS_AS(exact_filter_moments(5, 5, 4, .1), ArgumentError);
  CHECK_THROWS_AS(exact_filter_moments(5, 5, -1, .1), ArgumentError);
  CHECK_THROWS_AS(exact_filter_moments(5, 5, 1, -.1), ArgumentError);
  CHECK_THROWS_AS(limiting_filter_moments(5, 5, 100'000, 9 * largest_stable_rho(5, 5)),
                  NumericalError);
  CHECK_THROWS_AS(gram_moment(5, 5, 7), ArgumentError);
  CHECK_THROWS_AS(gram_moment(5, 100'001, 2), ArgumentError);
  CHECK_THROWS_AS(filter_moments(Eigen::VectorXd::Constant(2, -1), 1, .1), ArgumentError);
  CHECK_THROWS_AS(converged_filter_moments(3, 0), ArgumentError);
  CHECK_THROWS_AS(several_steps({}, {}), ArgumentError);
  Diagonal setting = as_diagonal({9, 6, 5, 1, 0});
  setting.input_variances[1] = 2;
  CHECK_THROWS_AS(given_context(setting, Eigen::MatrixXd::Zero(5, 5), Eigen::VectorXd::Ones(5)),
                  ArgumentError);
}
