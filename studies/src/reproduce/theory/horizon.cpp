#include <fmt/format.h>

#include <algorithm>

#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/horizons.hpp"
#include "sextant/studies/analysis/marchenko_pastur.hpp"
#include "sextant/studies/analysis/stopping_times.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce {
namespace {

using namespace theory;
using Eigen::VectorXd;
using spectral::Benchmark;

VectorXd wishart(Random& random, Eigen::Index n, double ratio) {
  const auto d = static_cast<Eigen::Index>(std::lround(static_cast<double>(n) / ratio));
  const Eigen::MatrixXd phi = features(random, n, d);
  return spectral::decompose(phi * phi.transpose()).values;
}

double flow_risk(const VectorXd& values, const Benchmark& benchmark, double time) {
  return spectral::prompt_risk(benchmark.tau2 * values, benchmark.sigma2,
                               spectral::flow_prompt_filter(values, time))
             .risk /
         static_cast<double>(values.size());
}

TheorySection limit_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "Marchenko-Pastur limit";
  section.statement =
      "For features of independent entries with n/d = gamma, the risk per example of gradient flow "
      "converges to an integral against the Marchenko-Pastur law, so that the best time becomes "
      "deterministic [W, Prop. G.9]. tau2 = 1, sigma2 = 0.5; the risk curve over 40 times between "
      "0.01 and 100.";
  const Benchmark benchmark{1, 0.5};
  struct Line {
    double ratio, n, deviation, oracle, limit, matched, mean, mean_limit;
  };
  std::vector<Line> lines;
  std::vector<presentation::MeanLine> curves;
  bool falls = true;
  for (const double ratio : {0.5, 1.0, 2.0}) {
    const analysis::MarchenkoPastur law(ratio);
    const analysis::LimitingTime limit = analysis::limiting_time(law, benchmark);
    double before = 1;
    for (const Eigen::Index n : {50, 200, 800}) {
      Random random(options.seed, static_cast<std::uint64_t>(n * 10 + std::lround(ratio * 2)));
      const VectorXd values = wishart(random, n, ratio);
      double deviation = 0;
      presentation::MeanLine curve{fmt::format("gamma = {}, n = {}", ratio, n), {}, {}, {}};
      presentation::MeanLine limit_curve{fmt::format("gamma = {}, limit", ratio), {}, {}, {}};
      for (int k = 0; k < 40; ++k) {
        const double time = 0.01 * std::pow(10.0, 4.0 * k / 39);
        const double finite = flow_risk(values, benchmark, time);
        const double asymptotic = analysis::limiting_flow_risk(law, benchmark, time);
        deviation = std::max(deviation, std::abs(finite - asymptotic));
        for (auto* line : {&curve, &limit_curve}) {
          line->add(time, line == &curve ? finite : asymptotic);
        }
      }
      const auto weights = spectral::prompt_gap_weights(values, benchmark);
      const double lambda_star = benchmark.lambda_star();
      const double mean = weights.a.dot(values) / weights.a.sum();
      lines.push_back({ratio, static_cast<double>(n), deviation,
                       spectral::oracle_time(values, weights, lambda_star).value, limit.time,
                       limit.matched, mean,
                       analysis::limiting_mean_eigenvalue(ratio, lambda_star)});
      if (n == 50) curves.push_back(std::move(curve));
      if (n == 800) {
        curves.push_back(std::move(limit_curve));
        falls = falls && deviation < before;
      }
      if (n == 50) before = deviation;
    }
  }
  report::Table table;
  table.numbers_of("gamma", lines, &Line::ratio).numbers_of("n", lines, &Line::n);
  table.numbers_of("largest difference", lines, &Line::deviation, 2);
  table.numbers_of("best time", lines, &Line::oracle, 3);
  table.numbers_of("limit of best time", lines, &Line::limit, 3);
  table.numbers_of("matched", lines, &Line::matched, 3);
  table.numbers_of("mu", lines, &Line::mean, 3);
  section.tables = {{"Risk curves of one kernel each against the limit, and best times",
                     table.numbers_of("limit of mu", lines, &Line::mean_limit, 3)}};
  section.figures.push_back(presentation::lines_figure(
      {"Risk against time",
       "Risk per example of one kernel with n = 50 and its Marchenko-Pastur limit.",
       "risk-curves",
       {}},
      curves, "time t", "risk per example", {true, false, std::nullopt}));
  section.findings.push_back(
      falls ? "Risk curves come closer to the limit from n = 50 to n = 800 for every gamma."
            : "Not every risk curve is closer to the limit at n = 800 than at n = 50.");
  return section;
}

TheorySection spread_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "One time for a wide spectrum";
  section.statement =
      "Stopping at t loses sum a d_t(l)^2 to the Bayes filter, at most 2 (sum a) d_t(mu)^2 + "
      "2 (t + 1/lambda_star)^2 sum a (l - mu)^2: matched at the mean eigenvalue, what is left is "
      "the "
      "spread of the spectrum [W, Prop. G.7]. lambda_star = 1; spectra l_i = exp(s z_i), z normal, "
      "n = 50.";
  struct Line {
    double spread, matched_time, gap, at_mean, spread_term, oracle_gap;
  };
  std::vector<Line> lines;
  bool holds = true;
  for (const double spread : {0.0, 0.3, 1.0, 2.0}) {
    Random random(options.seed, 77);
    const VectorXd values = (spread * normal_vector(50, random).array()).exp();
    const auto weights = spectral::prompt_gap_weights(values, {1, 1});
    const double time = spectral::match_at_mean(values, weights.a, 1, 0.01).time;
    const analysis::SpreadBound bound = analysis::spread_bound(values, weights.a, 1, time);
    holds = holds && bound.gap <= bound.bound() * (1 + 1e-12);
    lines.push_back({spread, time, bound.gap, bound.at_mean, bound.spread,
                     spectral::oracle_time(values, weights, 1).gap});
  }
  report::Table table;
  table.numbers_of("s", lines, &Line::spread, 2);
  table.numbers_of("matched time", lines, &Line::matched_time, 3);
  table.numbers_of("gap there", lines, &Line::gap, 3);
  table.numbers_of("term at mu", lines, &Line::at_mean, 2);
  table.numbers_of("spread term", lines, &Line::spread_term, 3);
  section.tables = {
      {"Gap of the matched time, both terms of the bound, and the gap of the best single time",
       table.numbers_of("best gap", lines, &Line::oracle_gap, 3)}};
  section.findings.push_back(holds ? "The bound holds in every case; it is loose by orders of "
                                     "magnitude for wide spectra."
                                   : "The bound is violated.");
  return section;
}

TheorySection mixture_section() {
  TheorySection section;
  section.title = "Bayes as a mixture of stopping times";
  section.statement =
      "Averaging gradient flow over S ~ Exp(lambda_star) gives the Bayes filter [W, Prop. G.6]; a "
      "few Gauss-Laguerre times come close where l is not far above lambda_star.";
  std::vector<double> ratios;
  std::vector<double> bayes;
  std::vector<double> errors[3];
  const int counts[] = {2, 5, 16};
  for (const double ratio : {0.01, 0.1, 1.0, 10.0, 100.0}) {
    const VectorXd value = VectorXd::Constant(1, ratio);
    const double exact = spectral::bayes_prompt_filter(value, 1)[0];
    ratios.push_back(ratio);
    bayes.push_back(exact);
    for (int k = 0; k < 3; ++k) {
      errors[k].push_back(
          std::abs(analysis::average_flow_prompt_filter(
                       value, analysis::exponential_stopping_times(1, counts[k]))[0] -
                   exact));
    }
  }
  report::Table table;
  table.numbers("l / lambda_star", ratios, 2).numbers("Bayes filter", bayes, 4);
  for (int k = 0; k < 3; ++k) {
    table.numbers(fmt::format("error, {} times", counts[k]), errors[k], 2);
  }
  section.tables = {{"Distance of the average over few times from the Bayes filter", table}};
  return section;
}

}  // namespace

TheoryStudy horizon_study(const TheoryOptions& options) {
  check_options("horizon_study", options);
  return {"How far: times that match the spectrum",
          {limit_section(options), spread_section(options), mixture_section()}};
}

}  // namespace sextant::studies::reproduce
