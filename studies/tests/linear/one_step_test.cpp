/// Exact risks after one step: reference values, explicit simulation, and two routes to one number.

#include "sextant/studies/linear/one_step.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "linear/simulation.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/linear/pretraining.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::linear;
using sextant::test::close;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();

Diagonal spaced_case() {
  return {12, 40, Eigen::VectorXd::LinSpaced(8, 0.5, 2), Eigen::VectorXd::Constant(8, 0.5), 0.3};
}

Eigen::VectorXd spaced_weights() {
  return diagonal_optimum(12, Eigen::VectorXd::LinSpaced(8, 0.5, 2),
                          Eigen::VectorXd::LinSpaced(8, 2, 0.1), 0.3)
      .weights;
}

/// Both risks at `eta`, over drawn contexts, samples and fresh contexts.
void check_by_simulation(const Diagonal& setting, const Eigen::VectorXd& weights, double eta,
                         int draws, std::uint64_t seed) {
  const ContextRisks exact = one_step(setting, weights);
  const Eigen::MatrixXd w0 = weights.asDiagonal();
  Random random(seed);
  statistics::RunningMean same;
  statistics::RunningMean fresh;
  for (int i = 0; i < draws; ++i) {
    const Eigen::VectorXd u = test::Draw(setting, setting.n, random).u();
    const auto risks = test::simulate(setting, w0, u, eta, 1, random);
    same.add(risks.same_context);
    fresh.add(risks.fresh_context);
  }
  CAPTURE(same.value());
  CAPTURE(fresh.value());
  CHECK(std::abs(same.score(exact.same_context.at(eta))) < 3.5);
  CHECK(std::abs(fresh.score(exact.fresh_context.at(eta))) < 3.5);
  // The simulation tells the two apart from each other and from no step at all.
  CHECK(std::abs(same.score(exact.fresh_context.at(eta))) > 5);
  CHECK(std::abs(same.score(exact.same_context.initial)) > 5);
}

}  // namespace

TEST_CASE("reference values of the averaged moments") {
  struct Line {
    std::int64_t n, d;
    double sigma2, w, error, a1, a2, b2, m1, m2, b;
  };
  const Line lines[] = {
      {30, 20, 0, 1.0 / 51, .4117647059, 610.5997693, 1106729.412, 2798400, 131.4878893, 362600.346,
       938700},
      {30, 20, 0, 0, 1, 1530, 2798400, 2798400, 900, 938700, 938700},
      {30, 20, .25, 1.0 / 56, .4642857143, 753.5204082, 1492994.082, 3384480, 170.4001913,
       414622.1939, 962775},
      {12, 12, 1, .03, .6796, 288.8184, 185802.624, 286776, 49.2624, 23084.3808, 38736}};
  for (const Line& line : lines) {
    const IsotropicMoments m = isotropic_moments({line.n, 1, line.d, 1, line.sigma2}, line.w);
    CHECK(m.error == close(line.error, 1e-9));
    CHECK(m.same_slope == close(line.a1, 1e-9));
    CHECK(m.same_curvature == close(line.a2, 1e-9));
    CHECK(m.same_noise == close(line.b2, 1e-9));
    CHECK(m.fresh_slope == close(line.m1, 1e-9));
    CHECK(m.fresh_curvature == close(line.m2, 1e-9));
    CHECK(m.fresh_noise == close(line.b, 1e-9));
  }
}

TEST_CASE("reference values of best steps and risks") {
  struct Line {
    std::int64_t n, d, k;
    double b2, sigma2, w, same_step, same_risk, fresh_step, fresh_risk;
  };
  const Line lines[] = {
      {30, 20, 15, 1, 0, 1.0 / 51, 7.662715259e-6, .2713991408, 5.036455989e-6, .3918977169},
      {30, 20, 15, 1, 0, 0, 7.593624929e-6, .6514526158, 1.331628848e-5, .6404602109},
      {30, 20, 15, 1, .25, 1.0 / 56, 5.331246745e-6, .5937696176, 4.316054364e-6, .6922220196},
      {30, 20, 15, 2, .5, 0, 3.026728608e-6, 1.8898115126, 5.699986890e-6, 1.8844014159},
      {40, 10, 60, 1, .1, 1.0 / 52, 2.633738493e-6, .1826321937, 6.852263587e-7, .3254706876},
      {15, 30, 40, 1.5, 0, 1.0 / 46, 5.440517111e-6, .5730755757, 9.689028945e-6, .8495307491},
      {12, 12, 6, 1, 1, .03, 2.071403840e-5, 1.6078088549, 2.726393552e-5, 1.6634829572},
      {30, 20, 60, 1, .25, 1.0 / 56, 2.733019630e-6, .4671593863, 2.218852299e-6, .6689145715}};
  for (const Line& line : lines) {
    const ContextRisks risks =
        one_step(Isotropic{line.n, line.k, line.d, line.b2, line.sigma2}, line.w);
    CHECK(risks.same_context.best_step() == close(line.same_step, 1e-9));
    CHECK(risks.same_context.best_risk() == close(line.same_risk, 1e-9));
    CHECK(risks.fresh_context.best_step() == close(line.fresh_step, 1e-9));
    CHECK(risks.fresh_context.best_risk() == close(line.fresh_risk, 1e-9));
  }
  const ContextRisks off = one_step(Isotropic{30, 15, 20, 1, .25}, 1.0 / 56);
  CHECK(off.same_context.at(5e-6) == close(.5942348722, 1e-9));
  CHECK(off.fresh_context.at(5e-6) == close(.6927760679, 1e-9));
}

TEST_CASE("reference values for diagonal covariances") {
  const Eigen::VectorXd weights =
      diagonal_optimum(30, test::power_law(30, 15, 20, .1, true).input_variances,
                       test::power_law_tasks(20), .1)
          .weights;
  const StepRisk aligned = one_step(test::power_law(30, 15, 20, .1, true), weights).fresh_context;
  CHECK(aligned.initial - .1 == close(.6010148958, 1e-9));
  CHECK(aligned.slope == close(131.1632564, 1e-9));
  CHECK(aligned.curvature_per_sample == close(482918.2032, 1e-9));
  const double trace = test::power_law_tasks(20).sum();
  CHECK(aligned.curvature_fixed ==
        close(482918.2032 + trace * (1410748.656 + .1 * 2389294.923), 1e-8));
  CHECK(aligned.best_step() == close(4.800363804e-6, 1e-9));
  CHECK(aligned.gain() == close(.0188889405, 1e-8));
  const StepRisk reversed = one_step(test::power_law(30, 15, 20, .1, false), weights).fresh_context;
  CHECK(reversed.initial - .1 == close(.7114863324, 1e-9));
  CHECK(reversed.slope == close(45.0854327, 1e-8));
  CHECK(reversed.curvature_per_sample == close(12153.11759, 1e-9));
  CHECK(reversed.best_step() == close(4.309562327e-5, 1e-9));
  CHECK(reversed.gain() == close(.0582895447, 1e-8));
  const StepRisk spaced = one_step(spaced_case(), spaced_weights()).fresh_context;
  CHECK(spaced.initial - .3 == close(1.303924068, 1e-9));
  CHECK(spaced.best_step() == close(4.916137965e-6, 1e-9));
  CHECK(spaced.gain() == close(.1852237460, 1e-9));
}

TEST_CASE("reference values given a context") {
  Diagonal setting{3, 5, Eigen::VectorXd::Ones(4), Eigen::VectorXd(4), .3};
  setting.beta << 1, 0, .5, -.5;
  Eigen::VectorXd u(4);
  u << 4, 1, 2, -1;
  const Eigen::MatrixXd w0 = .1 * Eigen::MatrixXd::Identity(4, 4);
  const ContextRisks risks = one_step_given_context(setting, w0, u);
  const StepRisk& fresh = risks.fresh_context;
  CHECK(fresh.initial - .3 == close(.996));
  CHECK(fresh.slope == close(7.623));
  CHECK(fresh.curvature_per_sample == close(481.8 * .62));
  CHECK(fresh.best_step() == close(.0010690485, 1e-8));
  CHECK(fresh.gain() == close(.0814935673, 1e-8));
  CHECK(fresh.at(.001) == close(1.2148464, 1e-9));
  CHECK(risks.same_context.best_step() == close(.0019041769042, 1e-10));
  CHECK(risks.same_context.gain() == close(.2597297297, 1e-9));

  Diagonal other{9, 4, Eigen::VectorXd::LinSpaced(5, .5, 1.5),
                 Eigen::VectorXd::LinSpaced(5, 1, 5).cwiseInverse(), .2};
  const Eigen::VectorXd seven = Eigen::VectorXd::Constant(5, std::sqrt(7.0 / 5));
  const StepRisk same =
      one_step_given_context(other, Eigen::MatrixXd::Zero(5, 5), seven).same_context;
  CHECK(same.best_step() == close(.005245579834, 1e-9));
  CHECK(same.gain() == close(.2025107094, 1e-9));
  CHECK(same.at(.002) == close(1.0117510819, 1e-10));
}

TEST_CASE("risks of drawn data: isotropic, aligned, misaligned, another covariance, a bad W0") {
  const Diagonal plain = as_diagonal({30, 15, 20, 1, .25});
  check_by_simulation(plain, Eigen::VectorXd::Constant(20, 1.0 / 56), 5e-6, 20000, 1);
  check_by_simulation(plain, Eigen::VectorXd::Zero(20), 7e-6, 20000, 2);
  const Diagonal noisy = as_diagonal({12, 6, 12, 1, 1});
  check_by_simulation(noisy, Eigen::VectorXd::Constant(12, .03), 2e-5, 40000, 3);
  check_by_simulation(spaced_case(), spaced_weights(), 4e-6, 20000, 4);
  check_by_simulation(spaced_case(), spaced_weights().reverse(), 4e-6, 20000, 5);
  const Eigen::VectorXd weights =
      diagonal_optimum(30, test::power_law(30, 15, 20, .1, true).input_variances,
                       test::power_law_tasks(20), .1)
          .weights;
  check_by_simulation(test::power_law(30, 15, 20, .1, false), weights, 4e-5, 20000, 6);
}

TEST_CASE("given the context, for any W0 and both risks") {
  Random random(9);
  Diagonal setting{7, 5, Eigen::VectorXd::LinSpaced(4, .4, 1.6), normal_vector(4, random), .3};
  const Eigen::MatrixXd w0 = .03 * normal_matrix(4, 4, random);
  const Eigen::VectorXd u = test::Draw(setting, setting.n, random).u();
  const ContextRisks exact = one_step_given_context(setting, w0, u);
  const double eta = .7 * exact.same_context.best_step();
  statistics::RunningMean same;
  statistics::RunningMean fresh;
  for (int i = 0; i < 60000; ++i) {
    const auto risks = test::simulate(setting, w0, u, eta, 1, random);
    same.add(risks.same_context);
    fresh.add(risks.fresh_context);
  }
  CHECK(std::abs(same.score(exact.same_context.at(eta))) < 3.5);
  CHECK(std::abs(fresh.score(exact.fresh_context.at(eta))) < 3.5);
  CHECK(std::abs(same.score(exact.same_context.initial)) > 5);
}

TEST_CASE("averaged risks are the mean over contexts of those given the context") {
  const Diagonal setting = spaced_case();
  const Eigen::VectorXd weights = spaced_weights();
  const ContextRisks averaged = one_step(setting, weights);
  const Eigen::MatrixXd w0 = weights.asDiagonal();
  Random random(4);
  statistics::RunningMean means[7];
  for (int i = 0; i < 40000; ++i) {
    const Eigen::VectorXd u = test::Draw(setting, setting.n, random).u();
    const ContextRisks given = one_step_given_context(setting, w0, u);
    const double values[] = {given.same_context.initial,
                             given.same_context.slope,
                             given.same_context.curvature_per_sample,
                             given.same_context.curvature_fixed,
                             given.fresh_context.slope,
                             given.fresh_context.curvature_per_sample,
                             given.fresh_context.curvature_fixed};
    for (int j = 0; j < 7; ++j) means[j].add(values[j]);
    CHECK(given.fresh_context.initial == close(averaged.fresh_context.initial, 1e-11));
  }
  const double expected[] = {averaged.same_context.initial,
                             averaged.same_context.slope,
                             averaged.same_context.curvature_per_sample,
                             averaged.same_context.curvature_fixed,
                             averaged.fresh_context.slope,
                             averaged.fresh_context.curvature_per_sample,
                             averaged.fresh_context.curvature_fixed};
  for (int j = 0; j < 7; ++j) {
    CAPTURE(j);
    CHECK(std::abs(means[j].score(expected[j])) < 3.5);
    CHECK(means[j].standard_error() < .05 * expected[j]);
  }
}

TEST_CASE("isotropic polynomials and diagonal quadratic forms are one number") {
  for (const auto& s :
       {Isotropic{30, 15, 20, 1, .25}, Isotropic{5, 3, 1, 2, .5}, Isotropic{1, 1, 1, 1, 0},
        Isotropic{1, 9, 4, .3, 0}, Isotropic{4, 2, 6, 0, .7}, Isotropic{1000, 10, 3, 1, 1e-3}}) {
    CAPTURE(s.n);
    CAPTURE(s.d);
    for (const double w : {0.0, 1 / static_cast<double>(s.n + s.d + 1), -.05}) {
      const ContextRisks direct = one_step(s, w);
      const ContextRisks general = one_step(as_diagonal(s), Eigen::VectorXd::Constant(s.d, w));
      for (const auto& [a, b] : {std::pair{direct.same_context, general.same_context},
                                 std::pair{direct.fresh_context, general.fresh_context}}) {
        CHECK(a.initial == close(b.initial, 1e-10));
        CHECK(std::abs(a.slope - b.slope) < 1e-9 * std::abs(b.slope) + 1e-12);
        CHECK(a.curvature_per_sample == close(b.curvature_per_sample, 1e-9));
        CHECK(a.curvature_fixed == close(b.curvature_fixed, 1e-9));
      }
    }
  }
}

TEST_CASE("closed forms without noise, and a change of units") {
  for (const auto& [n, d] : {std::pair{30.0, 20.0}, std::pair{2.0, 7.0}, std::pair{500.0, 3.0}}) {
    const Isotropic s{static_cast<std::int64_t>(n), 4, static_cast<std::int64_t>(d), 1.7, 0};
    const auto chi = [](double m, int j) {
      double product = 1;
      for (int i = 0; i < j; ++i) product *= m + 2 * i;
      return product;
    };
    const auto t = [&, n = n, d = d](int i, int j) {
      return chi(n, i) * chi(n + d - 1 + 2 * i, j);
    };
    for (const double w : {0.0, 1 / (n + d + 1), .7 / n}) {
      const IsotropicMoments m = isotropic_moments(s, w);
      const double b = 1.7;
      const double slope = b * b * (t(1, 1) - 2 * w * t(2, 1) + w * w * t(2, 2));
      CHECK(m.error == close(b * (1 - 2 * w * n + w * w * t(1, 1)), 1e-10));
      CHECK(m.same_slope == close(slope, 1e-9));
      CHECK(m.same_curvature ==
            close(b * b * b * (t(2, 2) - 2 * w * t(3, 2) + w * w * t(3, 3)), 1e-9));
      CHECK(m.fresh_curvature ==
            close(b * b * b * n * (n + 1) * (t(2, 0) - 2 * w * t(3, 0) + w * w * t(3, 1)) +
                      n * b * slope,
                  1e-9));
      CHECK(m.same_noise == close(b * b * t(2, 2)));
    }
    const IsotropicMoments warm = isotropic_moments(s, 1 / (n + d + 1));
    CHECK(warm.error == close(1.7 * (d + 1) / (n + d + 1)));
    CHECK(warm.fresh_slope ==
          close(1.7 * 1.7 * n * n * d * (d - 1) / ((n + d + 1) * (n + d + 1)), 1e-12));
  }
  // Labels in another unit: risks scale with its square, steps with its inverse square.
  const ContextRisks one = one_step(Isotropic{30, 15, 20, 1, .25}, 1.0 / 56);
  const ContextRisks thousand = one_step(Isotropic{30, 15, 20, 1e6, .25e6}, 1.0 / 56);
  CHECK(thousand.fresh_context.best_risk() == close(1e6 * one.fresh_context.best_risk()));
  CHECK(thousand.same_context.best_step() == close(1e-6 * one.same_context.best_step()));
}

TEST_CASE("the same-context step that is best for every error") {
  Random random(3);
  Diagonal setting = as_diagonal({6, 4, 5, 1, 0});
  for (int i = 0; i < 5; ++i) {
    const Eigen::MatrixXd w0 = normal_matrix(5, 5, random);
    const Eigen::VectorXd u = normal_vector(5, random);
    const StepRisk same = one_step_given_context(setting, w0, u).same_context;
    CHECK(same.best_step() == close(universal_step(u, 4)));
    CHECK(same.gain() == close(.4 * same.initial));  // k/(k + d + 1)
  }
  CHECK_THROWS_AS(universal_step(Eigen::VectorXd::Zero(3), 4), ArgumentError);
}

TEST_CASE("tasks of length 0, zero variances and the largest sizes have answers") {
  const ContextRisks silent = one_step(Isotropic{5, 3, 4, 0, 0}, .1);
  CHECK(silent.fresh_context.best_risk() == 0);
  CHECK(silent.same_context.best_step() == 0);
  // Given a context of zeros there is an error, but nothing to step along.
  const Diagonal zeros{5, 4, Eigen::VectorXd::Ones(2), Eigen::VectorXd::Ones(2), 0};
  CHECK(one_step_given_context(zeros, Eigen::MatrixXd::Zero(2, 2), Eigen::VectorXd::Zero(2))
            .same_context.gain() == 0);
  // Moments below the range of double are no answer; in another unit there is one.
  const double gain = one_step(Isotropic{30, 60, 20, 1, 0}, 0).fresh_context.gain();
  CHECK(one_step(Isotropic{30, 60, 20, 1e-100, 0}, 0).fresh_context.gain() == close(gain * 1e-100));
  CHECK_THROWS_AS(one_step(Isotropic{30, 60, 20, 1e-120, 0}, 0), NumericalError);
  CHECK_THROWS_AS(one_step(Isotropic{30, 60, 20, 1e-200, 0}, 0), NumericalError);
  // A coordinate without variance changes nothing.
  Diagonal some = spaced_case();
  Eigen::VectorXd weights = spaced_weights();
  some.input_variances.conservativeResize(9);
  some.beta.conservativeResize(9);
  weights.conservativeResize(9);
  some.input_variances[8] = 0;
  some.beta[8] = 3;
  weights[8] = .4;
  const ContextRisks with = one_step(some, weights);
  const ContextRisks without = one_step(spaced_case(), spaced_weights());
  CHECK(with.same_context.best_risk() == close(without.same_context.best_risk()));
  CHECK(with.fresh_context.best_step() == close(without.fresh_context.best_step()));

  // n >> d: against the leading order, whose corrections are of order 1/n here.
  const Isotropic large{1'000'000, 1'000'000, 100'000, 1, .1};
  const ContextRisks risks = one_step(large, pretrained_scale(1'000'000, 100'000, .1, 1e-5));
  CHECK(risks.fresh_context.best_risk() < risks.fresh_context.initial);
  CHECK(risks.same_context.best_risk() < risks.fresh_context.best_risk());
  CHECK(isotropic_moments({1'000'000, 1, 1, 1, 0}, 1 / 1'000'002.0).fresh_slope < 1e-3);
}

TEST_CASE("sizes, variances and lengths out of range are rejected") {
  const auto throws = [](const Isotropic& setting) {
    CHECK_THROWS_AS(one_step(setting, 0), ArgumentError);
  };
  throws({0, 1, 1, 1, 0});
  throws({1, 0, 1, 1, 0});
  throws({1, 1, 0, 1, 0});
  throws({1, 1, 100'001, 1, 0});
  throws({1, -5, 1, 1, 0});
  throws({1'000'001, 1, 1, 1, 0});
  throws({1, 1, 1, -1, 0});
  throws({1, 1, 1, 1, -1});
  throws({1, 1, 1, not_a_number, 0});
  CHECK_THROWS_AS(one_step(Isotropic{1, 1, 1, 1, 0}, not_a_number), ArgumentError);
  CHECK_THROWS_AS(one_step(Isotropic{1000, 1, 1000, 1e150, 0}, .1), NumericalError);
  Diagonal setting = spaced_case();
  const Eigen::VectorXd weights = spaced_weights();
  CHECK_THROWS_AS(one_step(setting, Eigen::VectorXd::Zero(7)), ArgumentError);
  setting.input_variances[3] = -1;
  CHECK_THROWS_AS(one_step(setting, weights), ArgumentError);
  setting = spaced_case();
  setting.beta[0] = not_a_number;
  CHECK_THROWS_AS(one_step(setting, weights), ArgumentError);
  setting = spaced_case();
  setting.k = 0;
  CHECK_THROWS_AS(one_step(setting, weights), ArgumentError);
  CHECK_THROWS_AS(
      one_step_given_context(spaced_case(), Eigen::MatrixXd::Zero(8, 7), Eigen::VectorXd::Zero(8)),
      ArgumentError);
}
