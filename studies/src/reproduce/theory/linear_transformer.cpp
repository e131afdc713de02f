#include <fmt/format.h>

#include <algorithm>

#include "linear_data.hpp"
#include "sextant/studies/linear/alignment.hpp"
#include "sextant/studies/linear/limits.hpp"
#include "sextant/studies/linear/pretraining.hpp"
#include "sextant/studies/linear/several_steps.hpp"
#include "sextant/studies/linear/starts.hpp"
#include "sextant/studies/presentation/study_charts.hpp"

namespace sextant::studies::reproduce {
namespace {

using namespace theory;
using Eigen::VectorXd;
using linear::ContextRisks;
using linear::Diagonal;
using linear::Isotropic;
using linear::StartKind;

constexpr std::int64_t dimension = 20;

/// Means over draws at each risk's own step size.
struct SimulatedRisks {
  RunningMean same;
  RunningMean fresh;
};

SimulatedRisks simulate(Random& random, const Diagonal& setting, const VectorXd& weights,
                        double same_step, double fresh_step, int draws) {
  SimulatedRisks means;
  for (int i = 0; i < draws; ++i) {
    const StepDraw draw(random, setting);
    means.same.add(drawn_risks(setting, weights, draw, same_step).same_context);
    means.fresh.add(drawn_risks(setting, weights, draw, fresh_step).fresh_context);
  }
  return means;
}

std::int64_t times_dimension(double ratio) {
  return std::lround(ratio * static_cast<double>(dimension));
}

TheorySection one_step_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "One step, exact at finite sizes";
  section.statement =
      "After one gradient step of the best size from the pretrained weights: risk with the context "
      "of the step and with a fresh one, over alpha = n/d for several gamma = k/d. d = 20, "
      "|beta|^2 "
      "= 1, sigma2 = 0.25. The simulation draws contexts, samples and fresh contexts; limits are "
      "those of large n, k and d.";
  struct Line {
    double alpha, gamma, same, simulated_same, same_limit, fresh, simulated_fresh, fresh_limit;
  };
  std::vector<Line> lines;
  std::vector<double> scores;
  std::vector<presentation::MeanLine> same_lines;
  std::vector<presentation::MeanLine> fresh_lines;
  for (const double gamma : {0.5, 1.0, 3.0}) {
    const std::string name = fmt::format("gamma = {}", gamma);
    presentation::MeanLine same_exact{name + ", exact", {}, {}, {}};
    presentation::MeanLine fresh_exact{name + ", exact", {}, {}, {}};
    presentation::MeanLine same_drawn{name + ", simulated", {}, {}, {}};
    presentation::MeanLine fresh_drawn{name + ", simulated", {}, {}, {}};
    for (const double alpha : {0.25, 0.5, 1.0, 1.5, 2.0, 4.0}) {
      const Isotropic s{times_dimension(alpha), times_dimension(gamma), dimension, 1, 0.25};
      const double w = linear::pretrained_scale(s.n, s.d, s.sigma2, s.b2 / dimension);
      const ContextRisks exact = linear::one_step(s, w);
      Random random(options.seed, static_cast<std::uint64_t>(s.n * 1000 + s.k));
      const SimulatedRisks drawn =
          simulate(random, as_diagonal(s), VectorXd::Constant(dimension, w),
                   exact.same_context.best_step(), exact.fresh_context.best_step(), options.draws);
      const linear::Proportions p{alpha, gamma, s.b2, s.sigma2};
      const linear::LimitingGain limit = linear::limiting_gain(p, linear::limiting_warm_scale(p));
      const double before = limit.error + s.sigma2;
      const Line line{alpha,
                      gamma,
                      exact.same_context.best_risk(),
                      drawn.same.value(),
                      before - limit.same_context_gain,
                      exact.fresh_context.best_risk(),
                      drawn.fresh.value(),
                      before - limit.fresh_context_gain};
      lines.push_back(line);
      scores.push_back(drawn.same.score(line.same));
      scores.push_back(drawn.fresh.score(line.fresh));
      same_exact.add(alpha, line.same);
      same_drawn.add(alpha, drawn.same.value(), drawn.same.standard_error());
      fresh_exact.add(alpha, line.fresh);
      fresh_drawn.add(alpha, drawn.fresh.value(), drawn.fresh.standard_error());
    }
    same_lines.push_back(std::move(same_exact));
    same_lines.push_back(std::move(same_drawn));
    fresh_lines.push_back(std::move(fresh_exact));
    fresh_lines.push_back(std::move(fresh_drawn));
  }
  const auto table = [&](auto exact, auto simulated, auto limit) {
    report::Table result;
    result.numbers_of("alpha", lines, &Line::alpha, 3).numbers_of("gamma", lines, &Line::gamma, 2);
    result.numbers_of("exact", lines, exact).numbers_of("simulated", lines, simulated);
    return result.numbers_of("limit", lines, limit);
  };
  section.tables = {
      {"Risk with the same context", table(&Line::same, &Line::simulated_same, &Line::same_limit)},
      {"Risk with a fresh context",
       table(&Line::fresh, &Line::simulated_fresh, &Line::fresh_limit)}};
  section.figures = {
      presentation::lines_figure(
          {"Risk with the same context",
           "After one step of the best size from the pretrained weights; bars are "
           "one standard error.",
           "same-context",
           {}},
          same_lines, "alpha = n/d", "expected squared error", {true, false, std::nullopt}),
      presentation::lines_figure(
          {"Risk with a fresh context",
           "After one step of the best size from the pretrained weights; bars are "
           "one standard error.",
           "fresh-context",
           {}},
          fresh_lines, "alpha = n/d", "expected squared error", {true, false, std::nullopt})};
  section.findings = {score_finding("Risks after one step", scores)};
  return section;
}

TheorySection start_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "Cold or warm start";
  section.statement =
      "With a fresh context zero weights overtake the pretrained ones from k* samples on, each at "
      "its own best step; without noise k*/d tends to (1 + alpha)^2/(2 + alpha). With the same "
      "context the pretrained weights stay better. n = 30, d = 20, |beta|^2 = 1, no noise.";
  std::vector<presentation::MeanLine> curves;
  for (const char* name : {"cold, exact", "cold, simulated", "warm, exact", "warm, simulated"}) {
    curves.push_back({name, {}, {}, {}});
  }
  struct Line {
    double gamma, cold, simulated_cold, warm, simulated_warm;
  };
  std::vector<Line> lines;
  std::vector<double> scores;
  const Isotropic base{30, 1, dimension, 1, 0};
  const double w = linear::pretrained_scale(base.n, base.d, 0, base.b2 / dimension);
  const double crossing = linear::compare_starts(base).fresh_context_crossing;
  for (const double gamma : {0.5, 1.0, 2.0, 2.75, 4.0, 8.0}) {
    Isotropic s = base;
    s.k = times_dimension(gamma);
    const linear::Starts starts = linear::compare_starts(s);
    Random random(options.seed, static_cast<std::uint64_t>(70'000 + s.k));
    const auto drawn = [&](const ContextRisks& exact, double scale) {
      const double step = exact.fresh_context.best_step();
      return simulate(random, as_diagonal(s), VectorXd::Constant(dimension, scale), step, step,
                      options.draws)
          .fresh;
    };
    const RunningMean cold = drawn(starts.cold, 0);
    const RunningMean warm = drawn(starts.warm, w);
    const Line line{gamma, starts.cold.fresh_context.best_risk(), cold.value(),
                    starts.warm.fresh_context.best_risk(), warm.value()};
    lines.push_back(line);
    scores.push_back(cold.score(line.cold));
    scores.push_back(warm.score(line.warm));
    curves[0].add(gamma, line.cold);
    curves[1].add(gamma, cold.value(), cold.standard_error());
    curves[2].add(gamma, line.warm);
    curves[3].add(gamma, warm.value(), warm.standard_error());
  }
  report::Table risks;
  risks.numbers_of("gamma", lines, &Line::gamma, 3).numbers_of("cold", lines, &Line::cold);
  risks.numbers_of("cold, drawn", lines, &Line::simulated_cold);
  risks.numbers_of("warm", lines, &Line::warm);
  section.tables.push_back({"Risk with a fresh context, each start at its own best step",
                            risks.numbers_of("warm, drawn", lines, &Line::simulated_warm)});

  std::vector<double> alphas = {0.25, 0.5, 1, 1.5, 2, 4};
  report::Table crossings;
  crossings.numbers("alpha", alphas, 3);
  bool same_never = true;
  for (const std::int64_t d : {20, 100, 400, 2000}) {
    std::vector<double> exact;
    for (const double alpha : alphas) {
      const auto n = std::lround(alpha * static_cast<double>(d));
      const linear::Starts starts = linear::compare_starts(Isotropic{n, 1, d, 1, 0});
      exact.push_back(starts.fresh_context_crossing / static_cast<double>(d));
      same_never = same_never && std::isinf(starts.same_context_crossing);
    }
    crossings.numbers(fmt::format("d = {}", d), exact, 4);
  }
  std::vector<double> limits;
  for (const double alpha : alphas) limits.push_back(linear::limiting_crossing({alpha, 1, 1, 0}));
  section.tables.push_back(
      {"Crossing k*/d at finite sizes, and its limit", crossings.numbers("limit", limits, 4)});
  section.figures.push_back(presentation::lines_figure(
      {"Cold and warm start",
       fmt::format("Risk with a fresh context; the exact curves cross at gamma = {:.3f}.",
                   crossing / dimension),
       "cold-warm",
       {}},
      curves, "gamma = k/d", "expected squared error", {true, false, std::nullopt}));
  section.findings = {score_finding("Risks of both starts", scores),
                      fmt::format("The starts cross at k* = {:.2f} of n = 30, d = 20.", crossing),
                      same_never ? "With the same context no size in the table has a crossing."
                                 : "With the same context some size in the table has a crossing."};
  return section;
}

TheorySection alignment_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "Alignment";
  section.statement =
      "Inputs with variances i^-0.5, pretraining on tasks with variances 1/i; the task at test "
      "time "
      "turns from i^-0.5 (share 0) to the same numbers in reverse (share 1), always with signal "
      "variance 1. A2 is what pretraining leaves of it. n = 30, k = 15, d = 20, sigma2 = 0.1, from "
      "the pretrained weights.";
  const VectorXd index = VectorXd::LinSpaced(dimension, 1, static_cast<double>(dimension));
  Diagonal setting{30, 15, index.array().rsqrt(), VectorXd::Ones(dimension), 0.1};
  const VectorXd tasks = index.cwiseInverse();
  const VectorXd weights =
      linear::diagonal_optimum(setting.n, setting.input_variances, tasks, setting.sigma2).weights;
  struct Line {
    double share, a2, fresh, simulated_fresh, leading_fresh, same, simulated_same;
  };
  std::vector<Line> lines;
  std::vector<double> scores;
  presentation::MeanLine exact_line{"fresh context, exact", {}, {}, {}};
  presentation::MeanLine drawn_line{"fresh context, simulated", {}, {}, {}};
  presentation::MeanLine same_line{"same context, exact", {}, {}, {}};
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const VectorXd along = index.array().rsqrt();
    VectorXd beta = (1 - share) * along + share * along.reverse();
    beta /= std::sqrt(setting.input_variances.dot(beta.cwiseAbs2()));
    setting.beta = beta;
    const ContextRisks exact = linear::one_step(setting, weights);
    const linear::Alignment leading = linear::alignment(setting, weights);
    Random random(options.seed, static_cast<std::uint64_t>(80'000 + std::lround(100 * share)));
    const SimulatedRisks drawn = simulate(random, setting, weights, exact.same_context.best_step(),
                                          exact.fresh_context.best_step(), options.draws);
    const double initial = exact.fresh_context.initial;
    lines.push_back({share, leading.bias[1], exact.fresh_context.gain(),
                     initial - drawn.fresh.value(), leading.fresh_context_gain,
                     exact.same_context.gain(), initial - drawn.same.value()});
    scores.push_back(drawn.fresh.score(exact.fresh_context.best_risk()));
    scores.push_back(drawn.same.score(exact.same_context.best_risk()));
    exact_line.add(share, lines.back().fresh);
    drawn_line.add(share, lines.back().simulated_fresh, drawn.fresh.standard_error());
    same_line.add(share, lines.back().same);
  }
  report::Table table;
  table.numbers_of("share", lines, &Line::share, 3).numbers_of("A2", lines, &Line::a2, 3);
  table.numbers_of("fresh", lines, &Line::fresh)
      .numbers_of("fresh, drawn", lines, &Line::simulated_fresh);
  table.numbers_of("leading", lines, &Line::leading_fresh, 3)
      .numbers_of("same", lines, &Line::same);
  section.tables = {{"Gain of one step of the best size",
                     table.numbers_of("same, drawn", lines, &Line::simulated_same)}};
  section.figures.push_back(presentation::lines_figure(
      {"Gain against alignment",
       "Gain of one step of the best size from the pretrained weights; bars "
       "are one standard error.",
       "alignment",
       {}},
      {exact_line, drawn_line, same_line}, "share of the reversed task", "gain",
      {false, false, std::nullopt}));
  section.findings = {
      score_finding("Risks after one step", scores),
      fmt::format("On a fresh context the reversed task gains {:.2f} times as much as the aligned "
                  "one.",
                  lines.back().fresh / lines.front().fresh)};
  return section;
}

TheorySection steps_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "One step against several";
  section.statement =
      "T steps with rho = c/(sqrt(k) + sqrt(d))^2, given the context, averaged over drawn "
      "contexts: "
      "exact up to T = 3, for more steps with Marchenko-Pastur moments. n = 30, k = 15, d = 20, "
      "|beta|^2 = 1, sigma2 = 0.25, c = 1, from the pretrained weights.";
  const Isotropic s{30, 15, dimension, 1, 0.25};
  const Diagonal setting = as_diagonal(s);
  const double w = linear::pretrained_scale(s.n, s.d, s.sigma2, s.b2 / dimension);
  const VectorXd weights = VectorXd::Constant(dimension, w);
  const Eigen::MatrixXd w0 = weights.asDiagonal();
  const double rho = linear::largest_stable_rho(s.k, s.d) / 2;
  struct Line {
    double steps, same, simulated_same, fresh, simulated_fresh;
  };
  std::vector<Line> lines;
  std::vector<double> scores;
  double off = 0;
  for (const int steps : {1, 2, 3, 5, 10, 30}) {
    const bool exact = steps <= linear::most_exact_steps;
    const linear::FilterMoments moments =
        exact ? linear::exact_filter_moments(s.k, s.d, steps, rho)
              : linear::limiting_filter_moments(s.k, s.d, steps, rho);
    Random random(options.seed, static_cast<std::uint64_t>(90'000 + steps));
    RunningMean same, fresh, drawn_same, drawn_fresh, same_difference, fresh_difference;
    for (int i = 0; i < options.draws; ++i) {
      const StepDraw draw(random, setting);
      const linear::StepsRisk theory =
          linear::several_steps(linear::given_context(setting, w0, draw.u), moments);
      const DrawnRisks drawn =
          drawn_risks(setting, weights, draw, rho / (2 * draw.u.squaredNorm()), steps);
      same.add(theory.same_context);
      fresh.add(theory.fresh_context);
      drawn_same.add(drawn.same_context);
      drawn_fresh.add(drawn.fresh_context);
      same_difference.add(drawn.same_context - theory.same_context);
      fresh_difference.add(drawn.fresh_context - theory.fresh_context);
    }
    lines.push_back({static_cast<double>(steps), same.value(), drawn_same.value(), fresh.value(),
                     drawn_fresh.value()});
    if (exact) {
      scores.push_back(same_difference.score(0));
      scores.push_back(fresh_difference.score(0));
    } else {
      off = std::max({off, std::abs(drawn_same.value() / same.value() - 1),
                      std::abs(drawn_fresh.value() / fresh.value() - 1)});
    }
  }
  report::Table table;
  table.numbers_of("T", lines, &Line::steps).numbers_of("same", lines, &Line::same);
  table.numbers_of("same, drawn", lines, &Line::simulated_same);
  table.numbers_of("fresh", lines, &Line::fresh);
  section.tables.push_back(
      {"Risk after T steps", table.numbers_of("fresh, drawn", lines, &Line::simulated_fresh)});

  const linear::Proportions p{1.5, 0.75, 1, 0.25};
  std::vector<double> numbers;
  std::vector<linear::BestLimitingSteps> best;
  presentation::MeanLine same_line{"same context", {}, {}, {}};
  presentation::MeanLine fresh_line{"fresh context", {}, {}, {}};
  for (const std::int64_t steps : {1, 2, 3, 5, 10, 30, 100}) {
    numbers.push_back(static_cast<double>(steps));
    best.push_back(linear::best_limiting_steps(p, linear::limiting_warm_scale(p), steps));
    same_line.add(numbers.back(), best.back().same_context);
    fresh_line.add(numbers.back(), best.back().fresh_context);
  }
  using Best = linear::BestLimitingSteps;
  report::Table limit;
  limit.numbers("T", numbers).numbers_of("same", best, &Best::same_context);
  limit.numbers_of("c", best, &Best::same_context_scale, 3);
  limit.numbers_of("fresh", best, &Best::fresh_context);
  section.tables.push_back(
      {"Excess risk at the best step size for T steps, in the limit alpha = 1.5, gamma = 0.75",
       limit.numbers_of("its c", best, &Best::fresh_context_scale, 3)});
  section.figures.push_back(presentation::lines_figure(
      {"One step against several",
       "Excess risk at the best step size for T steps in the limit of large sizes.",
       "several-steps",
       {}},
      {same_line, fresh_line}, "steps T", "excess risk", {true, false, std::nullopt}));
  section.findings = {
      score_finding("Up to three steps", scores),
      fmt::format("With Marchenko-Pastur moments at d = 20, risks after 5 to 30 steps are at most "
                  "{:.1f}% off.",
                  100 * off),
      fmt::format("At its best step size, T = 100 lowers the same-context excess risk by {:.1f}% "
                  "and the fresh-context one by {:.1f}% of that after one step.",
                  100 * (1 - best.back().same_context / best.front().same_context),
                  100 * (1 - best.back().fresh_context / best.front().fresh_context))};
  return section;
}

}  // namespace

TheoryStudy linear_transformer_study(const TheoryOptions& options) {
  check_options("linear_transformer_study", options);
  return {"The linear transformer after test-time training",
          {one_step_section(options), start_section(options), alignment_section(options),
           steps_section(options)}};
}

}  // namespace sextant::studies::reproduce
