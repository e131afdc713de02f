/// The three stages: the theory's acceptance figures, invariances, and bad input.

#include "sextant/studies/single_index/stages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/studies/single_index/in_context.hpp"
#include "sextant/studies/single_index/risk.hpp"
#include "single_index/setup.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::single_index;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using sextant::test::DrawnTask;
using sextant::test::rank_four;

namespace {

double excess(const DrawnTask& drawn, const Learned& learned, const ReluReadout& readout) {
  const double overlap = std::clamp(drawn.task.beta.dot(learned.strong.direction), -1.0, 1.0);
  return excess_risk(drawn.task, overlap, [&](const VectorXd& s) { return readout.values(s); });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value / static_cast<double>(values.size());
  return sum;
}

/// Gamma for a known subspace: sqrt(r) Gamma = P_S.
Pretrained exact_matrix(const MatrixXd& subspace) {
  return normalise_gradient(subspace * subspace.transpose(), subspace.cols());
}

}  // namespace

TEST_CASE("three stages at N = 4096 (theory, acceptance tests 2, 3 and 5)") {
  std::vector<double> start, weak, strong, errors, in_context, all;
  InContextOptions fit;
  fit.tasks = 40;
  fit.queries = 256;
  fit.seed = 5;
  const InContextPredictor predictor(rank_four().family, rank_four().subspace,
                                     rank_four().attention, rank_four().pretrained.gamma, 4096,
                                     fit);
  for (std::uint64_t i = 0; i < 6; ++i) {
    DrawnTask drawn(rank_four(), 4096, i);
    const Learned learned = learn(rank_four().pretrained, drawn.samples, {}, drawn.random);
    start.push_back(std::abs(drawn.task.beta.dot(learned.weak.start)));
    weak.push_back(std::abs(drawn.task.beta.dot(learned.weak.direction)));
    strong.push_back(std::abs(drawn.task.beta.dot(learned.strong.direction)));
    errors.push_back(excess(drawn, learned, learned.last.readout));
    const ReluRegression reused(draw_units(256, 4, drawn.random),
                                drawn.samples.x.transpose() * learned.strong.direction,
                                drawn.samples.y);
    all.push_back(excess(drawn, learned, choose_last_stage(reused, {}).readout));
    const MatrixXd x = normal_matrix(16, 4000, drawn.random);
    const VectorXd signal =
        (x.transpose() * drawn.task.beta).unaryExpr([&](double z) { return drawn.task.signal(z); });
    // Drawn inputs miss the tails, where the exact error has a good part of its mass.
    const VectorXd squares = (learned.predict(x) - signal).array().square();
    CHECK(squares.mean() < 2 * errors.back());
    CHECK(squares.mean() > 0.05 * errors.back());
    in_context.push_back((predictor.predict(drawn.samples, x) - signal).squaredNorm() / 4000);
  }
  CAPTURE(mean(start));
  CAPTURE(mean(weak));
  CAPTURE(median(errors));
  CAPTURE(mean(errors));
  CAPTURE(mean(in_context));
  CHECK(mean(start) < 0.75);  // chance is about .42
  CHECK(mean(weak) > 0.85);
  CHECK(*std::min_element(strong.begin(), strong.end()) > 0.98);
  CHECK(median(errors) < 0.05);
  CHECK(mean(errors) < 0.15);
  CHECK(mean(all) < mean(errors));
  CHECK(mean(in_context) > 0.35);
  CHECK(mean(in_context) < 1.2);  // of about 1.08 for the zero predictor
}

TEST_CASE("a link that pretraining has not seen (acceptance test 6)") {
  for (const std::uint64_t i : {20, 21, 22}) {
    DrawnTask drawn(rank_four(), 4096, i, generators::LinkFamily::even);
    const Learned learned = learn(rank_four().pretrained, drawn.samples, {}, drawn.random);
    CHECK(std::abs(drawn.task.beta.dot(learned.strong.direction)) > 0.98);
    CHECK(excess(drawn, learned, learned.last.readout) < 0.03);
  }
}

TEST_CASE("the same numbers for every number of threads; another seed gives others") {
  const DrawnTask drawn(rank_four(), 600, 31);
  const auto made = [&](std::uint64_t seed) {
    Random random(seed);
    return learn(rank_four().pretrained, drawn.samples, {}, random);
  };
  set_threads(1);
  const Learned one = made(1);
  set_threads(0);
  const Learned two = made(1);
  CHECK(one.strong.direction == two.strong.direction);
  CHECK(one.weak.candidates == two.weak.candidates);
  CHECK(one.predict(drawn.samples.x) == two.predict(drawn.samples.x));
  CHECK(made(2).strong.direction != one.strong.direction);
}

TEST_CASE("weak recovery reports the candidates it chose from") {
  const DrawnTask drawn(rank_four(), 1600, 40);
  Random random(3);
  WeakRecoveryOptions options;
  options.restarts = 7;
  const auto context = drawn.samples.part(0, 1000);
  const auto held_out = drawn.samples.part(1000, 600);
  const WeakRecovery found =
      recover_weakly(rank_four().pretrained, {}, context, held_out, options, {}, random);
  REQUIRE(found.candidates.cols() == 7);
  CHECK(found.candidates.col(found.restart) == found.direction);
  CHECK(std::abs(found.direction.norm() - 1) < 1e-12);
  CHECK(std::abs(found.start.norm() - 1) < 1e-12);
  CHECK(found.error > 0);
  CHECK(found.error < 1.2);
  // The start lies in the learned subspace up to the bulk, the directions more so.
  const MatrixXd& inside = rank_four().pretrained.subspace;
  CHECK((inside.transpose() * found.start).norm() > 0.9);
  CHECK((inside.transpose() * found.direction).norm() > 0.97);
  // A context without information cannot be told apart from others: no better than chance.
  generators::LabelledInputs noise = drawn.samples;
  Random other(4);
  noise.y = normal_vector(1600, other);
  const WeakRecovery lost = recover_weakly(rank_four().pretrained, {}, noise.part(0, 1000),
                                           noise.part(1000, 600), options, {}, random);
  CHECK(lost.error > 0.9);
  noise.y.setConstant(1);
  CHECK_THROWS_AS(recover_weakly(rank_four().pretrained, {3, 1, 0}, noise.part(0, 1),
                                 noise.part(1000, 600), options, {}, random),
                  NumericalError);
}

TEST_CASE("a weakly recovered direction is one step of the student, unit by unit") {
  const DrawnTask drawn(rank_four(), 300, 45);
  const Pretrained& pretrained = rank_four().pretrained;
  const auto context = drawn.samples.part(0, 200);
  WeakRecoveryOptions options;
  options.queries = 400;
  options.student_units = 30;
  options.offset_range = 2.5;
  options.start_norm = 0.8;
  options.restarts = 6;
  Random random(8);
  const WeakRecovery found =
      recover_weakly(pretrained, {}, context, drawn.samples.part(200, 100), options, {}, random);
  // The same numbers in the same order: queries, link units, then each start with its student.
  Random again(8);
  const MatrixXd queries = normal_matrix(16, 400, again);
  draw_units(LinkOptions().units, LinkOptions().offset_range, again);
  VectorXd teacher(400);
  for (Index i = 0; i < 400; ++i) {
    teacher[i] = test::plain_attention({}, pretrained.gamma, context, queries.col(i));
  }
  teacher.array() -= teacher.mean();
  const double shares[] = {1, 0.5, 0.75, 1, 0.5, 0.75};
  int falling = 0;
  for (int restart = 0; restart < 6; ++restart) {
    const VectorXd start = 0.8 * (pretrained.gamma * normal_vector(16, again)).normalized();
    VectorXd slope = VectorXd::Zero(400);
    for (int unit = 0; unit < 30; ++unit) {
      const double offset = 2.5 * (2 * again.uniform() - 1);
      const double sign = again.uniform() < shares[restart] ? 1 : -1;
      falling += sign < 0 ? 1 : 0;
      for (Index i = 0; i < 400; ++i) {
        if (sign * queries.col(i).dot(start) + offset > 0) slope[i] += sign / 30;
      }
    }
    VectorXd step = VectorXd::Zero(16);
    for (Index i = 0; i < 400; ++i) step += teacher[i] * slope[i] * queries.col(i);
    const VectorXd expected = (pretrained.gamma * step).normalized();
    CHECK((found.candidates.col(restart) - expected).norm() < 1e-3);
    if (restart == found.restart) CHECK((found.start - start.normalized()).norm() < 1e-12);
  }
  CHECK(falling > 20);
}

TEST_CASE("strong recovery falls geometrically to a floor: the theory's path, or a faster one") {
  // Start with overlap .8 in the subspace, N3 = 3200: median 1 - <beta, u> at t = 0, 100, ...,
  // 3200.
  const Index at[] = {0, 100, 200, 400, 800, 1600, 3200};
  const double reference[] = {.200, .042, .011, .0019, .0005, .0002, .0001};
  StrongRecoveryOptions options;
  options.record.assign(std::begin(at), std::end(at));
  std::vector<std::vector<double>> missing(7);
  const Pretrained exact = exact_matrix(rank_four().subspace);
  for (std::uint64_t i = 0; i < 9; ++i) {
    DrawnTask drawn(rank_four(), 3200 + 1200, 50 + i);
    VectorXd across = rank_four().subspace * normal_vector(4, drawn.random);
    across -= across.dot(drawn.task.beta) * drawn.task.beta;
    const VectorXd start = 0.8 * drawn.task.beta + 0.6 * across.normalized();
    const StrongRecovery found =
        recover_strongly(exact, start, drawn.samples.part(0, 1200), drawn.samples.part(1200, 3200),
                         options, {}, drawn.random);
    REQUIRE(found.recorded.cols() == 7);
    for (Index k = 0; k < 7; ++k) {
      missing[static_cast<std::size_t>(k)].push_back(
          1 - std::abs(drawn.task.beta.dot(found.recorded.col(k))));
    }
    CHECK(std::abs(drawn.task.beta.dot(found.direction)) > 0.999);
  }
  for (std::size_t k = 0; k < 7; ++k) {
    CAPTURE(k);
    CAPTURE(median(missing[k]));
    CHECK(median(missing[k]) > reference[k] / 6);
    CHECK(median(missing[k]) < reference[k] * 2);
  }
  // Without samples the start comes back, of any length.
  Random random(2);
  const DrawnTask drawn(rank_four(), 400, 70);
  const VectorXd start = rank_four().subspace.col(0);
  const StrongRecovery none =
      recover_strongly(exact, 5 * start, drawn.samples, drawn.samples.part(0, 0), {}, {}, random);
  CHECK((none.direction - start).norm() < 1e-12);
}

TEST_CASE("rules of the last stage") {
  const DrawnTask drawn(rank_four(), 800, 80);
  Random random(7);
  const ReluRegression regression(draw_units(256, 4, random),
                                  drawn.samples.x.transpose() * drawn.task.beta, drawn.samples.y);
  LastStageOptions options;
  const LastStage likelihood = choose_last_stage(regression, options);
  CHECK(likelihood.penalty == regression.evidence_fit().lambda_star);
  CHECK(likelihood.steps == 0);
  options.rule = LastStageRule::cross_validation;
  const LastStage gcv = choose_last_stage(regression, options);
  CHECK(gcv.penalty == regression.gcv_penalty(default_relative_penalties()));
  options.rule = LastStageRule::fixed_penalty;
  CHECK(choose_last_stage(regression, options).penalty == 1e-4 * regression.largest());
  options.rule = LastStageRule::fixed_steps;
  CHECK(choose_last_stage(regression, options).steps == 1'000'000);
  options.rule = LastStageRule::benchmark_steps;
  const LastStage benchmark = choose_last_stage(regression, options);
  CHECK(benchmark.steps == regression.benchmark_steps(0.1));
  CHECK(benchmark.penalty == 0);
  // The evidence of horizons stops where next to nothing is learned.
  options.rule = LastStageRule::profile_steps;
  const LastStage profile = choose_last_stage(regression, options);
  CHECK(profile.steps == regression.evidence_steps(0.1, evidence::Sigma2Rule::profile));
  options.rule = LastStageRule::plug_in_steps;
  const LastStage plug_in = choose_last_stage(regression, options);
  CHECK(plug_in.steps == regression.evidence_steps(0.1, evidence::Sigma2Rule::plug_in));
  CHECK(1000 * profile.steps < benchmark.steps);
  // On the true direction all fit far better than nothing does.
  for (const LastStage& stage : {gcv, likelihood, benchmark}) {
    CHECK(excess_risk(drawn.task, 1, [&](const VectorXd& s) { return stage.readout.values(s); }) <
          0.05);
  }
  // Labels without a signal: the evidence may find no penalty large enough.
  const ReluRegression zero(draw_units(8, 4, random), drawn.samples.y.cwiseAbs(),
                            VectorXd::Zero(800));
  options.rule = LastStageRule::evidence;
  const LastStage empty = choose_last_stage(zero, options);
  CHECK(empty.at_edge);
  CHECK(empty.readout.value(1) == 0);
  options.steps = -1;
  CHECK_THROWS_AS(choose_last_stage(regression, options), ArgumentError);
}

TEST_CASE("sizes and options out of range") {
  const DrawnTask drawn(rank_four(), 100, 90);
  const Pretrained& pretrained = rank_four().pretrained;
  Random random(1);
  const auto attempt = [&](const LearnerOptions& options, Index count = 100) {
    learn(pretrained, drawn.samples.part(0, count), options, random);
  };
  CHECK_NOTHROW(attempt({}));
  CHECK_NOTHROW(attempt({}, 40));
  CHECK_THROWS_AS(attempt({}, 39), ArgumentError);
  LearnerOptions options;
  options.descent_share = 0.6;
  CHECK_THROWS_AS(attempt(options), ArgumentError);
  options = {};
  options.weak.restarts = 0;
  CHECK_THROWS_AS(attempt(options), ArgumentError);
  options = {};
  options.strong.step = 0;
  CHECK_THROWS_AS(attempt(options), ArgumentError);
  options = {};
  options.strong.record = {41};
  CHECK_THROWS_AS(attempt(options), ArgumentError);
  options = {};
  options.last.step_scale = 1;
  CHECK_THROWS_AS(attempt(options), ArgumentError);
  options = {};
  options.link.units = 0;
  CHECK_THROWS_AS(attempt(options), ArgumentError);
  Pretrained other = pretrained;
  other.gamma = MatrixXd::Identity(8, 8);
  other.subspace = MatrixXd::Identity(8, 4);
  CHECK_THROWS_AS(learn(other, drawn.samples, {}, random), ArgumentError);
  generators::LabelledInputs bad = drawn.samples;
  bad.x(2, 5) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(learn(pretrained, bad, {}, random), ArgumentError);
}
