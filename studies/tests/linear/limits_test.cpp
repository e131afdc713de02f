/// Proportional limits: reference values, finite sizes that come to them, and special cases.

#include "sextant/studies/linear/limits.hpp"

#include <doctest/doctest.h>

#include "linear/simulation.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/linear/one_step.hpp"
#include "sextant/studies/linear/pretraining.hpp"
#include "sextant/studies/linear/several_steps.hpp"
#include "sextant/studies/linear/starts.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::linear;
using sextant::test::close;

TEST_CASE("without noise: the gains and steps of the literature") {
  for (const double alpha : {.3, 1.0, 2.5}) {
    for (const double gamma : {.1, 1.0, 4.0}) {
      const Proportions p{alpha, gamma, 1.7, 0};
      const LimitingGain warm = limiting_gain(p, limiting_warm_scale(p));
      const double share = gamma / (gamma + 1);
      CHECK(warm.error == close(1.7 / (alpha + 1)));
      CHECK(warm.fresh_context_gain == close(share * 1.7 / std::pow(alpha + 1, 3)));
      CHECK(warm.same_context_gain == close(share * 1.7 / (alpha + 1)));
      // n^2 d eta* with eta* = d/(2 (k + d)(n + d) n^2 b2), and 1/(2 (k + d) n (n + d) b2)
      CHECK(warm.fresh_context_step == close(1 / (2 * (gamma + 1) * (alpha + 1) * 1.7)));
      CHECK(warm.same_context_step == close(alpha / (2 * (gamma + 1) * (alpha + 1) * 1.7)));
      const LimitingGain cold = limiting_gain(p, 0);
      CHECK(cold.error == 1.7);
      CHECK(cold.fresh_context_gain == close(share * 1.7));
      CHECK(cold.same_context_gain == close(share * 1.7));
    }
  }
}

TEST_CASE("reference ratios of exact to limiting gains at alpha = 1.5, gamma = 0.75") {
  struct Line {
    std::int64_t d;
    double fresh, same, tolerance;
  };
  const Proportions p{1.5, .75, 1, 0};
  const LimitingGain limit = limiting_gain(p, limiting_warm_scale(p));
  for (const Line& line : {Line{20, .724, .819, 1e-3}, Line{80, .924, .954, 1e-3},
                           Line{320, .981, .988, 1e-3}, Line{1280, .9951, .9971, 1e-4}}) {
    const Starts starts = compare_starts(Isotropic{3 * line.d / 2, 3 * line.d / 4, line.d, 1, 0});
    CHECK(starts.warm.fresh_context.gain() / limit.fresh_context_gain ==
          close(line.fresh, line.tolerance));
    CHECK(starts.warm.same_context.gain() / limit.same_context_gain ==
          close(line.same, line.tolerance));
  }
}

TEST_CASE("exact gains, steps and risks with noise come to their limits like 1/d") {
  for (const auto& p : {Proportions{1.5, .75, 1, .25}, Proportions{.4, 2, 3, 1}}) {
    for (const bool from_warm : {false, true}) {
      const double x = from_warm ? limiting_warm_scale(p) : 0;
      const LimitingGain limit = limiting_gain(p, x);
      double before = 0;
      for (const std::int64_t d : {1000, 4000, 16000}) {
        const auto n = static_cast<std::int64_t>(p.alpha * static_cast<double>(d));
        const auto k = static_cast<std::int64_t>(p.gamma * static_cast<double>(d));
        const Starts starts = compare_starts(Isotropic{n, k, d, p.b2, p.sigma2});
        const ContextRisks& exact = from_warm ? starts.warm : starts.cold;
        const double unit =
            static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(d);
        double worst = 0;
        for (const auto& [a, b] :
             {std::pair{exact.fresh_context.initial - p.sigma2, limit.error},
              std::pair{exact.fresh_context.gain(), limit.fresh_context_gain},
              std::pair{exact.same_context.gain(), limit.same_context_gain},
              std::pair{unit * exact.fresh_context.best_step(), limit.fresh_context_step},
              std::pair{unit * exact.same_context.best_step(), limit.same_context_step}}) {
          worst = std::max(worst, std::abs(a / b - 1));
        }
        if (before > 0) CHECK(worst == close(before / 4, .1));
        before = worst;
      }
      CHECK(before < 2e-3);
    }
  }
}

TEST_CASE("the limiting crossing") {
  for (const double alpha : {.25, .5, 1.0, 1.5, 2.0, 4.0}) {
    CHECK(limiting_crossing({alpha, 1, 2, 0}) ==
          close((1 + alpha) * (1 + alpha) / (2 + alpha), 1e-10));
  }
  CHECK(limiting_crossing({.5, 1, 1, .25}) == close(.97710, 1e-5));
  CHECK(limiting_crossing({1, 1, 1, .25}) == close(1.40253, 1e-5));
  CHECK(limiting_crossing({1.5, 1, 1, .25}) == close(1.84814, 1e-5));
  CHECK(limiting_crossing({4, 1, 1, .25}) == close(4.20806, 1e-5));
  // Only the ratio of the variances matters, and large sizes come to it.
  CHECK(limiting_crossing({1.5, 1, 4, 1}) == close(limiting_crossing({1.5, 1, 1, .25})));
  CHECK(compare_starts(Isotropic{150'000, 1, 100'000, 1, .25}).fresh_context_crossing / 1e5 ==
        close(limiting_crossing({1.5, 1, 1, .25}), 2e-4));
  // It is where the limiting risks are equal.
  Proportions at{.8, 0, 1, .6};
  at.gamma = limiting_crossing(at);
  const LimitingGain cold = limiting_gain(at, 0);
  const LimitingGain warm = limiting_gain(at, limiting_warm_scale(at));
  CHECK(cold.error - cold.fresh_context_gain == close(warm.error - warm.fresh_context_gain, 1e-10));
}

TEST_CASE("several steps in the limit: one step is the parabola, drawn contexts come close") {
  const Proportions p{1.5, .75, 1, .25};
  for (const double x : {0.0, limiting_warm_scale(p)}) {
    const LimitingGain gain = limiting_gain(p, x);
    double same = gain.error;
    double fresh = gain.error;
    for (double c = 0; c < 4; c += 1e-3) {
      const LimitingSteps steps = limiting_steps(p, x, 1, c);
      same = std::min(same, steps.same_context);
      fresh = std::min(fresh, steps.fresh_context);
    }
    CHECK(same == close(gain.error - gain.same_context_gain, 1e-5));
    CHECK(fresh == close(gain.error - gain.fresh_context_gain, 1e-5));
    CHECK(limiting_steps(p, x, 0, 1).same_context == close(gain.error));
    CHECK(limiting_steps(p, x, 9, 0).fresh_context == close(gain.error));
  }
  // d = 400, five steps: the theory at finite size given drawn contexts, with its own moments.
  const std::int64_t d = 400;
  const Diagonal setting = as_diagonal({600, 300, d, 1, .25});
  const double x = limiting_warm_scale(p);
  const Eigen::MatrixXd w0 = x / 600 * Eigen::MatrixXd::Identity(d, d);
  const double c = .8;
  const FilterMoments moments =
      limiting_filter_moments(300, d, 5, c / 2 * largest_stable_rho(300, d));
  Random random(1);
  statistics::RunningMean same;
  statistics::RunningMean fresh;
  for (int i = 0; i < 30; ++i) {
    const Eigen::VectorXd u = test::Draw(setting, setting.n, random).u();
    const StepsRisk risk = several_steps(given_context(setting, w0, u), moments);
    same.add(risk.same_context - .25);
    fresh.add(risk.fresh_context - .25);
  }
  const LimitingSteps limit = limiting_steps(p, x, 5, c);
  CHECK(same.value() == close(limit.same_context, .03));
  CHECK(fresh.value() == close(limit.fresh_context, .03));
}

TEST_CASE("the best of several steps: no c is better, and more steps are not worse") {
  const Proportions p{1.5, .75, 1, .25};
  for (const double x : {0.0, limiting_warm_scale(p)}) {
    const BestLimitingSteps one = best_limiting_steps(p, x, 1);
    CHECK(limiting_steps(p, x, 1, one.same_context_scale).same_context == close(one.same_context));
    CHECK(limiting_steps(p, x, 1, one.fresh_context_scale).fresh_context ==
          close(one.fresh_context));
    for (const std::int64_t steps : {std::int64_t{2}, std::int64_t{7}, std::int64_t{60}}) {
      const BestLimitingSteps best = best_limiting_steps(p, x, steps);
      CHECK(limiting_steps(p, x, steps, best.same_context_scale).same_context ==
            close(best.same_context));
      for (double c = .001; c <= 2; c *= 1.05) {
        const LimitingSteps at = limiting_steps(p, x, steps, c);
        CHECK(at.same_context >= best.same_context * (1 - 1e-12));
        CHECK(at.fresh_context >= best.fresh_context * (1 - 1e-12));
      }
      // Several steps shrink directions by what the samples say of them, which one cannot.
      CHECK(best.same_context < one.same_context * (1 - 1e-3));
    }
  }
  CHECK_THROWS_AS(best_limiting_steps(p, 0, 0), ArgumentError);
}

TEST_CASE("arguments out of range are rejected") {
  CHECK_THROWS_AS(limiting_warm_scale({0, 1, 1, 0}), ArgumentError);
  CHECK_THROWS_AS(limiting_gain({1, 0, 1, 0}, 0), ArgumentError);
  CHECK_THROWS_AS(limiting_gain({1, 1, 0, 0}, 0), ArgumentError);
  CHECK_THROWS_AS(limiting_gain({1, 1, 1, -1}, 0), ArgumentError);
  CHECK_THROWS_AS(limiting_crossing({-1, 1, 1, 0}), ArgumentError);
  CHECK_THROWS_AS(limiting_steps({1, 1, 1, 0}, 0, -1, 1), ArgumentError);
  CHECK_THROWS_AS(limiting_steps({1, 1, 1, 0}, 0, 1, -1), ArgumentError);
  // Nothing to learn and no noise: no gain, no step.
  CHECK(limiting_gain({1, 1, 1, 0}, 1).error == 1);
}
