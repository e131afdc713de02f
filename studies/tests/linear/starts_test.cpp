/// Cold against warm starts, the crossing between them, alignment and the decision.

#include <doctest/doctest.h>

#include <limits>

#include "linear/simulation.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/linear/advice.hpp"
#include "sextant/studies/linear/alignment.hpp"
#include "sextant/studies/linear/pretraining.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::linear;
using sextant::test::close;

namespace {

const double infinity = std::numeric_limits<double>::infinity();

/// Difference of the best fresh-context risks, cold minus warm, at a real number of samples.
double cold_excess(const Starts& starts, double k) {
  const auto best = [k](const StepRisk& risk) {
    return risk.initial -
           k * risk.slope * risk.slope / (k * risk.curvature_per_sample + risk.curvature_fixed);
  };
  return best(starts.cold.fresh_context) - best(starts.warm.fresh_context);
}

}  // namespace

TEST_CASE("reference values of the crossing, which is where both risks are equal") {
  struct Line {
    std::int64_t n, d;
    double sigma2, crossing;
  };
  for (const Line& line :
       {Line{30, 20, 0, 54.42317568}, Line{20, 20, 0, 46.23040502}, Line{40, 20, 0, 64.66653295},
        Line{30, 20, .25, 57.86945758}, Line{10, 10, 0, 44.07528059},
        Line{5, 20, 0, 20 * 13.315686}, Line{10, 20, 0, 20 * 2.518570},
        Line{4000, 2000, 0, 2000 * 2.257774}, Line{3000, 2000, .25, 2000 * 1.85613},
        Line{400, 400, 0, 400 * 1.369390}, Line{400, 100, 0, 100 * 4.397578}}) {
    CAPTURE(line.n);
    CAPTURE(line.d);
    const Starts starts = compare_starts(Isotropic{line.n, 1, line.d, 1, line.sigma2});
    CHECK(starts.fresh_context_crossing == close(line.crossing, 3e-6));
    const double k = starts.fresh_context_crossing;
    CHECK(std::abs(cold_excess(starts, k)) < 1e-10);
    CHECK(cold_excess(starts, .9 * k) > 1e-5);
    CHECK(cold_excess(starts, 1.1 * k) < -1e-5);
    CHECK(starts.same_context_crossing == infinity);
  }
}

TEST_CASE("simulated risks of both starts are equal at the crossing, and not far from it") {
  const Isotropic base{10, 44, 10, 1, 0};
  for (const std::int64_t k : {std::int64_t{10}, std::int64_t{44}, std::int64_t{150}}) {
    CAPTURE(k);
    Isotropic setting = base;
    setting.k = k;
    const Starts starts = compare_starts(setting);
    const Diagonal data = as_diagonal(setting);
    const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(10, 10);
    const Eigen::MatrixXd pretrained =
        pretrained_scale(10, 10, 0, .1) * Eigen::MatrixXd::Identity(10, 10);
    Random random(static_cast<std::uint64_t>(k));
    statistics::RunningMean difference;
    for (int i = 0; i < 20000; ++i) {
      const Eigen::VectorXd u = test::Draw(data, data.n, random).u();
      Random second = random;  // The same samples and fresh context for both starts.
      difference.add(
          test::simulate(data, none, u, starts.cold.fresh_context.best_step(), 1, random)
              .fresh_context -
          test::simulate(data, pretrained, u, starts.warm.fresh_context.best_step(), 1, second)
              .fresh_context);
    }
    CHECK(std::abs(difference.score(cold_excess(starts, static_cast<double>(k)))) < 3.5);
    if (k == 10) CHECK(difference.score(0) > 5);
    if (k == 44) CHECK(std::abs(difference.score(0)) < 3.5);
    if (k == 150) CHECK(difference.score(0) < -5);
  }
}

TEST_CASE("crossings of parabolas with known roots") {
  // Gains 4 k/(k + 1) and k/(k + 1), difference of the starts 1: 1 = 3 k/(k + 1) at k = 1/2.
  const StepRisk cold{3, 2, 1, 1, 1};
  const StepRisk warm{2, 1, 1, 1, 1};
  CHECK(crossing_samples(cold, warm) == close(.5));
  CHECK(crossing_samples(cold.with_samples(7), warm) == close(.5));
  CHECK(crossing_samples(warm, cold) == 0);
  CHECK(crossing_samples(cold, cold) == 0);
  CHECK(crossing_samples({9, 2, 1, 1, 1}, warm) == infinity);
  // A start that cannot gain: 1 = 4 k/(k + 1).
  CHECK(crossing_samples(cold, {2, 0, 0, 0, 1}) == close(1.0 / 3));
  CHECK(crossing_samples({3, 0, 0, 0, 1}, {2, 0, 0, 0, 1}) == infinity);
  CHECK_THROWS_AS(cold.with_samples(0), ArgumentError);
}

TEST_CASE("a parabola's minimum, and what has none") {
  const StepRisk risk{5, 3, 2, 4, 2};  // D = 8
  CHECK(risk.curvature() == 8);
  CHECK(risk.best_step() == close(3.0 / 16));
  CHECK(risk.at(risk.best_step()) == close(risk.best_risk()));
  CHECK(risk.gain() == close(2 * 9.0 / 8));
  for (const double factor : {.5, .99, 1.01, 2.0}) {
    CHECK(risk.at(factor * risk.best_step()) > risk.best_risk());
  }
  CHECK(StepRisk{5, -3, 2, 4, 2}.best_step() == close(-3.0 / 16));
  CHECK(StepRisk{5, 0, 0, 0, 2}.best_step() == 0);
  CHECK(StepRisk{5, 0, 0, 0, 2}.gain() == 0);
  CHECK_THROWS_AS(risk.at(infinity), ArgumentError);
}

TEST_CASE("diagonal starts are the isotropic ones where all variances are equal") {
  const Isotropic s{30, 15, 20, 1, .25};
  const Starts direct = compare_starts(s);
  const Starts general = compare_starts(as_diagonal(s), Eigen::VectorXd::Constant(20, 1.0 / 20));
  CHECK(general.fresh_context_crossing == close(direct.fresh_context_crossing, 1e-9));
  CHECK(general.warm.same_context.best_risk() == close(direct.warm.same_context.best_risk()));
  CHECK(general.cold.fresh_context.best_step() == close(direct.cold.fresh_context.best_step()));
}

TEST_CASE("alignment: leading-order gains come to the exact ones") {
  struct Line {
    Eigen::Index d;
    double fresh;
  };
  const auto setting = [](Eigen::Index d) {
    const Eigen::ArrayXd share =
        Eigen::ArrayXd::LinSpaced(d, 1, static_cast<double>(d)) / static_cast<double>(d);
    // Of length about 1 for every d.
    Eigen::VectorXd beta = share.pow(-.25) / std::sqrt(static_cast<double>(d));
    return Diagonal{3 * d / 2, 3 * d / 4, share.pow(-.25), beta.reverse(), .1};
  };
  double before = 0;
  for (const Eigen::Index d : {20, 80, 320, 640}) {
    CAPTURE(d);
    const Diagonal s = setting(d);
    const Eigen::VectorXd tasks =
        (Eigen::ArrayXd::LinSpaced(d, 1, static_cast<double>(d)) / static_cast<double>(d))
            .pow(-.5) /
        static_cast<double>(d);
    const Eigen::VectorXd weights = diagonal_optimum(s.n, s.input_variances, tasks, .1).weights;
    const ContextRisks exact = one_step(s, weights);
    const Alignment leading = alignment(s, weights);
    const double fresh = exact.fresh_context.gain() / leading.fresh_context_gain;
    const double same = exact.same_context.gain() / leading.same_context_gain;
    CHECK(fresh > before);
    before = fresh;
    CHECK(std::abs(fresh - 1) < 8.0 / static_cast<double>(d));
    CHECK(std::abs(same - 1) < 8.0 / static_cast<double>(d));
    CHECK(leading.initial_risk == close(exact.fresh_context.initial, 3.0 / static_cast<double>(d)));
  }
}

TEST_CASE("alignment: the sums by a loop, the cold start, and who gains") {
  const Diagonal s = test::power_law(30, 15, 6, .1, true);
  const Eigen::VectorXd weights =
      diagonal_optimum(30, s.input_variances, test::power_law_tasks(6), .1).weights;
  const Alignment a = alignment(s, weights);
  for (int j = 1; j <= 3; ++j) {
    double bias = 0;
    double fluctuation = 0;
    double v = .1;
    for (int i = 0; i < 6; ++i) v += s.input_variances[i] * s.beta[i] * s.beta[i];
    for (int i = 0; i < 6; ++i) {
      const double l = s.input_variances[i];
      bias += std::pow(l, j) * std::pow((1 - 30 * weights[i] * l) * s.beta[i], 2);
      fluctuation += 30 * v * weights[i] * weights[i] * std::pow(l, j + 1);
    }
    CHECK(a.bias[static_cast<std::size_t>(j - 1)] == close(bias));
    CHECK(a.fluctuation[static_cast<std::size_t>(j - 1)] == close(fluctuation));
  }
  const double denominator = 16 * (a.bias[2] + a.fluctuation[2]) +
                             s.input_variances.squaredNorm() * (a.bias[0] + a.fluctuation[0] + .1);
  CHECK(a.same_context_gain == close(15 * std::pow(a.bias[1] + a.fluctuation[1], 2) / denominator));
  CHECK(a.fresh_context_gain == close(15 * std::pow(a.bias[1], 2) / denominator));
  const Alignment cold = alignment(s, Eigen::VectorXd::Zero(6));
  CHECK(cold.fluctuation[2] == 0);
  CHECK(cold.same_context_gain == cold.fresh_context_gain);
  // A task against the grain of pretraining has more to gain, exactly and at leading order.
  Diagonal reversed = s;
  reversed.beta.reverseInPlace();
  CHECK(alignment(reversed, weights).fresh_context_gain > 1.5 * a.fresh_context_gain);
  CHECK(one_step(reversed, weights).fresh_context.gain() >
        1.5 * one_step(s, weights).fresh_context.gain());
  const Diagonal nothing{5, 3, Eigen::VectorXd::Zero(2), Eigen::VectorXd::Ones(2), 0};
  CHECK(alignment(nothing, Eigen::VectorXd::Zero(2)).fresh_context_gain == 0);
  CHECK_THROWS_AS(alignment(s, Eigen::VectorXd::Zero(5)), ArgumentError);
}

TEST_CASE("decisions: the better start, its step, and a gain that is worth it") {
  const Starts few = compare_starts(Isotropic{30, 50, 20, 1, 0});
  const Decision warm = decide(few.cold.fresh_context, few.warm.fresh_context, 0, .01);
  CHECK(warm.adapt);
  CHECK(warm.start == StartKind::warm);
  CHECK(warm.step == few.warm.fresh_context.best_step());
  CHECK(warm.gain == close(few.warm.fresh_context.gain()));
  CHECK(warm.risk_after == close(warm.risk_before - warm.gain));
  CHECK(warm.share == close(warm.gain / warm.risk_before));
  const Starts many = compare_starts(Isotropic{30, 60, 20, 1, 0});
  const Decision cold = decide(many.cold.fresh_context, many.warm.fresh_context, 0, .01);
  CHECK(cold.start == StartKind::cold);
  CHECK(cold.risk_after == close(many.cold.fresh_context.best_risk()));
  CHECK(cold.gain == close(many.warm.fresh_context.initial - cold.risk_after, 1e-9));
  CHECK(decide(many.cold.same_context, many.warm.same_context, 0, .01).start == StartKind::warm);
  // A single, very noisy sample is not worth a step.
  const Starts noisy = compare_starts(Isotropic{30, 1, 20, 1, 9});
  const Decision none = decide(noisy.cold.fresh_context, noisy.warm.fresh_context, 9, .01);
  CHECK_FALSE(none.adapt);
  CHECK(none.step == 0);
  CHECK(none.gain == 0);
  CHECK(none.risk_after == none.risk_before);
  CHECK(none.share > 0);
  CHECK(none.share < .01);
  CHECK(decide(noisy.cold.fresh_context, noisy.warm.fresh_context, 9, 0).adapt);
  const StepRisk flat{1, 0, 0, 0, 1};
  CHECK_FALSE(decide(flat, flat, 1, 0).adapt);
  CHECK_THROWS_AS(decide(flat, flat, 1, 1.5), ArgumentError);
  CHECK_THROWS_AS(decide(flat, flat, -1, .5), ArgumentError);
  CHECK_THROWS_AS(compare_starts(Isotropic{5, 5, 5, 0, 1}), ArgumentError);
  CHECK_THROWS_AS(compare_starts(Isotropic{5, 0, 5, 1, 1}), ArgumentError);
  CHECK(name_of(StartKind::cold) == "cold");
}

TEST_CASE("advice holds what the functions it is made of say") {
  const Isotropic s{30, 15, 20, 1, .25};
  const Advice plain = advise(s, {.01, 1});
  CHECK(plain.more_steps.empty());
  CHECK(plain.starts.fresh_context_crossing == compare_starts(s).fresh_context_crossing);
  CHECK(plain.fresh_context.risk_after == close(.6922220196, 1e-9));
  CHECK(plain.same_context.step == close(5.331246745e-6, 1e-9));
  CHECK(plain.signal == 1);
  const Advice many = advise(Isotropic{30, 60, 20, 1, .25}, {.01, 1});
  CHECK(many.fresh_context.start == StartKind::cold);
  CHECK(many.same_context.start == StartKind::warm);
  CHECK(many.same_context.risk_after == close(.4671593863, 1e-9));
  CHECK(*plain.limiting_crossing == close(1.84814, 1e-5));
  CHECK_FALSE(plain.alignment);
  const Advice several = advise(s, {.01, 12});
  REQUIRE(several.more_steps.size() == 5);  // 1, 2, 5, 10, 12
  CHECK(several.more_steps[3].steps == 10);
  CHECK(several.more_steps[4].steps == 12);
  CHECK(several.more_steps[0].warm.fresh_context ==
        close(limiting_gain({1.5, .75, 1, .25}, 1.5 / 2.75).error -
              limiting_gain({1.5, .75, 1, .25}, 1.5 / 2.75).fresh_context_gain));
  const Diagonal reversed = test::power_law(30, 15, 20, .1, false);
  const Advice diagonal = advise(reversed, test::power_law_tasks(20), {.01, 1});
  CHECK(diagonal.d == 20);
  CHECK(diagonal.starts.warm.fresh_context.gain() == close(.0582895447, 1e-8));
  REQUIRE(diagonal.alignment);
  CHECK(diagonal.alignment->fluctuation[0] > 0);
  CHECK_FALSE(diagonal.limiting_crossing);
  CHECK_THROWS_AS(advise(s, {.01, 0}), ArgumentError);
  CHECK_THROWS_AS(advise(s, {.01, 10'001}), ArgumentError);
  CHECK_THROWS_AS(advise(reversed, test::power_law_tasks(20), {.01, 2}), ArgumentError);
}

TEST_CASE("an isotropic setting as a diagonal one keeps |beta|^2 and checks its sizes") {
  const Diagonal setting = as_diagonal({3, 2, 5, 0.8, 0.1});
  CHECK(setting.n == 3);
  CHECK(setting.k == 2);
  CHECK(setting.sigma2 == 0.1);
  CHECK(setting.input_variances == Eigen::VectorXd::Ones(5));
  CHECK(setting.beta.squaredNorm() == test::close(0.8, 1e-12));
  CHECK(setting.beta.maxCoeff() == setting.beta.minCoeff());
  CHECK_THROWS_AS(as_diagonal({3, 2, 0, 0.8, 0.1}), ArgumentError);
}
