#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>

#include "sextant/core/threads.hpp"
#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/evidence/certificates.hpp"
#include "sextant/evidence/credible.hpp"
#include "sextant/evidence/posterior.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/studies/analysis/transfer.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce {
namespace {

using namespace theory;
using Eigen::Index;
using Eigen::VectorXd;
using evidence::CertificateRadii;
using spectral::Benchmark;

constexpr double delta = 0.05;
constexpr std::int64_t largest_horizon = 30;

/// Clopper and Pearson's 95% interval of a share.
std::pair<double, double> share_interval(int hits, int count) {
  using boost::math::beta_distribution;
  const double low =
      hits == 0 ? 0 : quantile(beta_distribution<double>(hits, count - hits + 1), 0.025);
  const double high =
      hits == count ? 1 : quantile(beta_distribution<double>(hits + 1, count - hits), 0.975);
  return {low, high};
}

/// Which radii covered in one draw, and their sizes, for one reference.
struct Outcome {
  CertificateRadii radii;
  bool paper = false;
  bool exact_mgf = false;
  bool exact_tail = false;
};

struct DrawOutcome {
  Outcome known;
  Outcome plug_in;
};

Outcome judge(double gap, const CertificateRadii& radii) {
  return {radii, gap <= radii.paper, gap <= radii.exact_mgf, gap <= radii.exact_tail};
}

DrawOutcome one_draw(const VectorXd& values, const Benchmark& truth, Random random) {
  const auto horizons = horizons_up_to(largest_horizon);
  const double rho = spectral::step_from_scale(values[0]);
  const VectorXd rotated = (truth.tau2 * values.array() + truth.sigma2)
                               .sqrt()
                               .matrix()
                               .cwiseProduct(normal_vector(values.size(), random));
  const auto curve = evidence::evidence_curve(values, rotated, rho, horizons);
  const double used = curve.sigma2[curve.map_index];
  const double gap = evidence::population_evidence(values, rho, curve.t_map, used, truth) -
                     curve.values[curve.map_index];
  const Benchmark fitted = evidence::fit_benchmark(values, rotated).benchmark;
  const auto radii = [&](const Benchmark& reference) {
    return evidence::certificate_radii(values, rho, horizons, curve.t_map, used, reference, delta);
  };
  return {judge(gap, radii(truth)), judge(gap, radii(fitted))};
}

struct CoverageLine {
  double n;
  std::string reference;
  std::string kind;
  double radius, coverage, low, high, draws;
};

void add_lines(std::vector<CoverageLine>& lines, Index n, const std::string& reference,
               const std::vector<DrawOutcome>& draws, Outcome DrawOutcome::*which) {
  const auto line = [&](const std::string& kind, bool Outcome::*covered,
                        double CertificateRadii::*radius) {
    int hits = 0;
    double mean = 0;
    for (const DrawOutcome& draw : draws) {
      hits += (draw.*which).*covered ? 1 : 0;
      mean += (draw.*which).radii.*radius / static_cast<double>(draws.size());
    }
    const auto count = static_cast<int>(draws.size());
    const auto [low, high] = share_interval(hits, count);
    lines.push_back({static_cast<double>(n), reference, kind, mean,
                     hits / static_cast<double>(count), low, high, static_cast<double>(count)});
  };
  line("paper", &Outcome::paper, &CertificateRadii::paper);
  line("exact-MGF", &Outcome::exact_mgf, &CertificateRadii::exact_mgf);
  line("exact-tail", &Outcome::exact_tail, &CertificateRadii::exact_tail);
}

TheorySection coverage_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "Certificates: size and coverage";
  section.statement =
      "L(T_MAP) <= l(T_MAP) + radius with probability 1 - delta = 0.95, over 31 horizons [W, Thm "
      "7.2]. One Wishart kernel for each n (d = 2 n), tau2 = 1, sigma2 = 0.5, the evidence with "
      "its "
      "plug-in variance; reference: the true variances, or those fitted to the same residuals.";
  const Benchmark truth{1, 0.5};
  std::vector<CoverageLine> lines;
  for (const Index n : {10, 20, 50, 100, 200, 500, 1000}) {
    Random random(options.seed, static_cast<std::uint64_t>(n));
    const Eigen::MatrixXd phi = features(random, n, 2 * n);
    const VectorXd values = spectral::decompose(phi * phi.transpose()).values;
    // Large kernels have less spread, and cost more.
    const int draws = n > 200 ? std::max(100, options.draws / 8) : options.draws;
    std::vector<DrawOutcome> outcomes(static_cast<std::size_t>(draws));
    parallel_for(draws, [&](std::ptrdiff_t i) {
      const auto stream = (static_cast<std::uint64_t>(n) << 32) + static_cast<std::uint64_t>(i);
      outcomes[static_cast<std::size_t>(i)] = one_draw(values, truth, Random(options.seed, stream));
    });
    add_lines(lines, n, "known", outcomes, &DrawOutcome::known);
    add_lines(lines, n, "plug-in", outcomes, &DrawOutcome::plug_in);
  }
  std::vector<presentation::MeanLine> radii;
  std::vector<presentation::MeanLine> coverages;
  std::string short_of;
  bool known_covers = true;
  for (const std::string reference : {"known", "plug-in"}) {
    for (const std::string kind : {"paper", "exact-MGF", "exact-tail"}) {
      presentation::MeanLine radius{fmt::format("{}, {}", kind, reference), {}, {}, {}};
      presentation::MeanLine coverage = radius;
      for (const CoverageLine& line : lines) {
        if (line.reference != reference || line.kind != kind) continue;
        radius.add(line.n, line.radius);
        coverage.add(line.n, line.coverage,
                     std::sqrt(line.coverage * (1 - line.coverage) / line.draws));
        const bool short_here = line.high < 1 - delta;
        if (reference == "known") known_covers = known_covers && !short_here;
        if (reference == "plug-in" && short_here) {
          short_of += fmt::format("{}{} at n = {}", short_of.empty() ? "" : ", ", kind, line.n);
        }
      }
      if (reference == "known") radii.push_back(std::move(radius));
      coverages.push_back(std::move(coverage));
    }
  }
  report::Table table;
  table.text_of("radius", lines, &CoverageLine::kind).numbers_of("n", lines, &CoverageLine::n);
  table.text_of("reference", lines, &CoverageLine::reference);
  table.numbers_of("mean radius", lines, &CoverageLine::radius, 3);
  table.numbers_of("draws", lines, &CoverageLine::draws);
  table.numbers_of("coverage", lines, &CoverageLine::coverage, 4);
  table.numbers_of("low", lines, &CoverageLine::low, 3);
  section.tables = {
      {"Mean radius, and share of draws that it covers with its 95% binomial interval",
       table.numbers_of("high", lines, &CoverageLine::high, 3)}};
  section.figures.push_back(presentation::lines_figure(
      {"Certificate radius", "Mean radius at T_MAP with the true reference.", "radius", {}}, radii,
      "n", "nats per example", {true, true, std::nullopt}));
  section.figures.push_back(presentation::lines_figure(
      {"Coverage",
       "Share of draws that each certificate covers, with one binomial standard error; the dashed "
       "line is the promised 0.95.",
       "coverage",
       {}},
      coverages, "n", "coverage", {true, false, 1 - delta}));
  section.findings.push_back(
      known_covers ? "With the true reference every certificate covers at its rate."
                   : "A certificate with the true reference falls short of its rate.");
  section.findings.push_back(
      short_of.empty()
          ? "With the fitted reference none falls significantly short."
          : "With the fitted reference coverage is significantly below 0.95: " + short_of + ".");
  return section;
}

TheorySection transfer_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "From evidence to error";
  section.statement =
      "The normalised Bayes gap of T steps is at most 4 sigma2 KL/n [W, Lemma E.16], and that of "
      "T_MAP is bounded by the observed evidence with probability 0.95 [W, Lemma E.17] and by what "
      "is known before with probability 0.90 [W, Thm E.19]. d = 2 n, tau2 = 1, sigma2 = 0.5 known.";
  struct Line {
    double n, gap, transfer, observed, prior, observed_coverage, prior_coverage;
  };
  std::vector<Line> lines;
  const Benchmark truth{1, 0.5};
  const auto horizons = horizons_up_to(largest_horizon);
  const int draws = std::max(100, options.draws / 4);
  for (const Index n : {10, 50, 200, 1000}) {
    Random random(options.seed, 50 + static_cast<std::uint64_t>(n));
    const Eigen::MatrixXd phi = features(random, n, 2 * n);
    const VectorXd values = spectral::decompose(phi * phi.transpose()).values;
    const double rho = spectral::step_from_scale(values[0]);
    const VectorXd deviations = (values.array() + truth.sigma2).sqrt();
    const double prior = analysis::prior_gap_bound(values, rho, horizons, truth, delta).value;
    Line line{static_cast<double>(n), 0, 0, 0, prior, 0, 0};
    for (int draw = 0; draw < draws; ++draw) {
      const VectorXd rotated = deviations.cwiseProduct(normal_vector(n, random));
      const auto curve = evidence::evidence_curve(values, rotated, rho, horizons,
                                                  {evidence::Sigma2Rule::fixed, truth.sigma2});
      const double gap = analysis::normalized_gap(values, rho, curve.t_map, truth);
      const double observed = analysis::observed_gap_bound(values, rho, curve, truth, delta);
      line.gap += gap / draws;
      line.transfer += analysis::transfer_bound(values, rho, curve.t_map, truth) / draws;
      line.observed += observed / draws;
      line.observed_coverage += (gap <= observed ? 1.0 : 0.0) / draws;
      line.prior_coverage += (gap <= prior ? 1.0 : 0.0) / draws;
    }
    lines.push_back(line);
  }
  report::Table table;
  table.numbers_of("n", lines, &Line::n).numbers_of("gap of T_MAP", lines, &Line::gap, 3);
  table.numbers_of("4 sigma2 KL/n", lines, &Line::transfer, 3);
  table.numbers_of("observed", lines, &Line::observed, 3);
  table.numbers_of("covers", lines, &Line::observed_coverage, 3);
  table.numbers_of("before", lines, &Line::prior, 3);
  section.tables = {{"Means over draws: the gap, and the three bounds",
                     table.numbers_of("covers ", lines, &Line::prior_coverage, 3)}};
  bool covers = true;
  for (const Line& line : lines) {
    covers = covers && line.observed_coverage >= 1 - delta &&
             line.prior_coverage >= 1 - 2 * delta && line.transfer >= line.gap;
  }
  section.findings.push_back(
      covers
          ? fmt::format("All three bounds hold; at n = 1,000 the observed one is {:.0f} times the "
                        "gap.",
                        lines.back().observed / lines.back().gap)
          : "One of the bounds falls short.");
  return section;
}

/// p-value that values in [0, 1] are uniform, by a chi-square test with 20 bins.
double uniformity(const std::vector<double>& values) {
  std::vector<double> bins(20, 0.0);
  for (const double value : values) {
    bins[std::min<std::size_t>(19, static_cast<std::size_t>(value * 20))] += 1;
  }
  const double expected = static_cast<double>(values.size()) / 20;
  double statistic = 0;
  for (const double bin : bins) statistic += (bin - expected) * (bin - expected) / expected;
  return cdf(complement(boost::math::chi_squared_distribution<double>(19), statistic));
}

TheorySection calibration_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "Calibration of posteriors";
  section.statement =
      "Simulation-based calibration: when truths are drawn from the prior, their ranks in the "
      "posterior are uniform. Gibbs posterior: T uniform on 0, ..., 30, r ~ N(0, Sigma_T), sigma2 "
      "known, randomised ranks. Query corrections: lambda_star log-uniform, sigma2 arbitrary. n = "
      "10, "
      "d = 20.";
  std::vector<double> horizon_ranks;
  std::vector<double> correction_ranks;
  const auto horizons = horizons_up_to(largest_horizon);
  int inside = 0;
  for (int draw = 0; draw < options.draws; ++draw) {
    Random random(options.seed, (std::uint64_t{9} << 40) + static_cast<std::uint64_t>(draw));
    const Eigen::MatrixXd phi = features(random, 10, 20);
    const spectral::Eigensystem system = spectral::decompose(phi * phi.transpose());
    const double rho = spectral::step_from_scale(system.largest());
    const auto truth = static_cast<Index>(random.below(31));
    const VectorXd deviations =
        ((-rho * system.values.array()).log1p() * (-static_cast<double>(truth) / 2)).exp();
    const auto curve =
        evidence::evidence_curve(system.values, deviations.cwiseProduct(normal_vector(10, random)),
                                 rho, horizons, {evidence::Sigma2Rule::fixed, 1.0});
    const VectorXd weights = evidence::gibbs_posterior(curve).weights;
    horizon_ranks.push_back(weights.head(truth).sum() + random.uniform() * weights[truth]);

    const double lambda_star = system.values.mean() * std::exp(8 * random.uniform() - 4);
    const double sigma2 = std::exp(2 * random.normal());
    const VectorXd u = std::sqrt(sigma2 / lambda_star) * normal_vector(20, random);
    const VectorXd query = normal_vector(20, random) / std::sqrt(20.0);
    const VectorXd r = phi * u + std::sqrt(sigma2) * normal_vector(10, random);
    const auto posterior = evidence::VariancePosterior(system.values, system.rotate(r))
                               .query(system.rotate(phi * query), query.squaredNorm());
    correction_ranks.push_back(posterior->cdf(query.dot(u)));
    const double rank = correction_ranks.back();
    inside += rank > 0.025 && rank < 0.975 ? 1 : 0;
  }
  const double p_horizon = uniformity(horizon_ranks);
  const double p_correction = uniformity(correction_ranks);
  const auto [low, high] = share_interval(inside, options.draws);
  report::Table table;
  table.text("posterior of", {"horizon T", "query correction"});
  table.numbers("p of uniform ranks", {p_horizon, p_correction}, 3);
  section.tables = {
      {fmt::format("{} draws; the 95% interval of a correction holds it in {:.4f} of "
                   "them [{:.3f}, {:.3f}]",
                   options.draws, inside / static_cast<double>(options.draws), low, high),
       table}};
  section.figures.push_back(presentation::ecdf_figure(
      {"Ranks of truths in their posteriors",
       "A straight line from (0, 0) to (1, 1) is perfect calibration.",
       "calibration-ranks",
       {}},
      {{"horizon T", horizon_ranks}, {"query correction", correction_ranks}}, "rank"));
  section.findings.push_back(
      fmt::format("Ranks of T are {} with uniform ones (p = {:.2g}), those of corrections {} (p = "
                  "{:.2g}).",
                  p_horizon > 0.01 ? "compatible" : "not compatible", p_horizon,
                  p_correction > 0.01 ? "as well" : "are not", p_correction));
  return section;
}

}  // namespace

TheoryStudy evidence_bound_study(const TheoryOptions& options) {
  check_options("evidence_bound_study", options);
  return {"How far by evidence: certificates and calibration",
          {coverage_section(options), transfer_section(options), calibration_section(options)}};
}

}  // namespace sextant::studies::reproduce
