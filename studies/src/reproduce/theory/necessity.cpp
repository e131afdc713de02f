#include "sextant/studies/analysis/necessity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/spectral/filters.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce {
namespace {

using namespace theory;
using Eigen::VectorXd;

TheorySection prior_section() {
  TheorySection section;
  section.title = "No fixed T suits two noise levels";
  section.statement =
      "On a projector kernel of rank m, T steps keep the share a = 1 - (1 - rho)^T of every "
      "direction. Under two priors the larger Bayes gap is at least m min(tau2 + sigma2) "
      "(|s1 - s2|/2)^2, whatever T [W, Prop. E.6]. m = 8, sigma2 = 1, rho = 0.1, lambda_star 0.1 "
      "and "
      "5.";
  struct Line {
    double horizon, first, second, larger, bound;
  };
  std::vector<Line> lines;
  presentation::MeanLine first{"lambda_star = 0.1", {}, {}, {}};
  presentation::MeanLine second{"lambda_star = 5", {}, {}, {}};
  presentation::MeanLine bound{"lower bound of the larger", {}, {}, {}};
  double smallest = HUGE_VAL;
  double limit = 0;
  for (const std::int64_t horizon : {1, 2, 4, 8, 16, 32, 64}) {
    const double kept = spectral::gd_prompt_filter(VectorXd::Ones(1), 0.1, horizon)[0];
    const auto gaps = analysis::prior_separation(kept, 8, 1, 0.1, 5);
    const double larger = std::max(gaps.first_gap, gaps.second_gap);
    const auto steps = static_cast<double>(horizon);
    lines.push_back({steps, gaps.first_gap, gaps.second_gap, larger, gaps.bound});
    smallest = std::min(smallest, larger);
    limit = gaps.bound;
    const double values[] = {gaps.first_gap, gaps.second_gap, gaps.bound};
    int k = 0;
    for (auto* line : {&first, &second, &bound}) {
      line->add(steps, values[k++]);
    }
  }
  report::Table table;
  table.numbers_of("T", lines, &Line::horizon);
  table.numbers_of("gap, lambda_star 0.1", lines, &Line::first, 3);
  table.numbers_of("gap, lambda_star 5", lines, &Line::second, 3);
  table.numbers_of("larger", lines, &Line::larger, 3);
  section.tables = {{"Bayes gaps of T steps", table.numbers_of("bound", lines, &Line::bound, 3)}};
  section.figures.push_back(presentation::lines_figure(
      {"Two priors, one horizon",
       "Bayes gap of T steps under either prior. No T makes both small.",
       "two-priors",
       {}},
      {first, second, bound}, "T", "Bayes gap", {true, true, std::nullopt}));
  const double best = analysis::minimax_filter(1, 0.1, 5);
  section.findings.push_back(fmt::format(
      "The larger gap is at least {:.3g} over these T, {:.3g} at the best filter value of all, and "
      "never below the bound {:.3g}.",
      smallest, analysis::prior_separation(best, 8, 1, 0.1, 5).first_gap, limit));
  return section;
}

TheorySection shrinkage_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "Fitting the prompt completely is never best";
  section.statement =
      "From rank 3 on, James and Stein's shrinkage has a smaller risk than infinitely many steps, "
      "whatever the signal is [W, Prop. E.7]. n = 12, sigma2 = 1, signals f of norm |f| within the "
      "kernel's range.";
  struct Line {
    double rank, norm, full, stein, gain, error;
  };
  std::vector<Line> lines;
  bool always = true;
  for (const Eigen::Index rank : {2, 3, 6, 12}) {
    for (const double norm : {0.0, 2.0, 8.0}) {
      Random random(options.seed, static_cast<std::uint64_t>(rank * 100 + std::lround(norm)));
      const Eigen::MatrixXd square = normal_matrix(12, 12, random);
      const Eigen::MatrixXd basis =
          spectral::decompose(square * square.transpose()).vectors.leftCols(rank);
      const VectorXd signal = norm * basis.col(0);
      RunningMean full;
      RunningMean stein;
      RunningMean gain;
      for (int draw = 0; draw < options.draws; ++draw) {
        const VectorXd r = signal + normal_vector(12, random);
        const double one = (basis * (basis.transpose() * r) - signal).squaredNorm();
        const double two = (analysis::james_stein(basis, r, 1) - signal).squaredNorm();
        full.add(one);
        stein.add(two);
        gain.add(one - two);
      }
      lines.push_back({static_cast<double>(rank), norm, full.value(), stein.value(), gain.value(),
                       gain.standard_error()});
      if (rank >= 3) always = always && gain.value() > 2 * gain.standard_error();
    }
  }
  report::Table table;
  table.numbers_of("rank", lines, &Line::rank).numbers_of("|f|", lines, &Line::norm, 2);
  table.numbers_of("T to infinity", lines, &Line::full, 4);
  table.numbers_of("James-Stein", lines, &Line::stein, 4);
  table.numbers_of("gain", lines, &Line::gain, 3);
  section.tables = {{"Simulated squared errors", table.numbers_of("SE", lines, &Line::error, 2)}};
  section.findings.push_back(always ? "James-Stein is significantly better for every signal from "
                                      "rank 3 on, and the same at rank 2."
                                    : "James-Stein is not significantly better in every case.");
  return section;
}

TheorySection range_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "No T reaches what the blocks cannot move";
  section.statement =
      "The part of the signal outside the kernel's range stays, whatever T [W, Prop. E.9]: the "
      "squared error without noise is the part within the range plus a constant. n = 20, kernels "
      "of "
      "falling rank, |f|^2 = 1, rho = 0.1/lambda_max.";
  std::vector<double> ranks;
  std::vector<double> floors;
  std::vector<double> at[3];
  const std::int64_t horizons[] = {8, 100, 100000};
  for (const Eigen::Index rank : {20, 15, 10, 5}) {
    Random random(options.seed, 500 + static_cast<std::uint64_t>(rank));
    const Eigen::MatrixXd phi = features(random, 20, rank);
    const spectral::Eigensystem system = spectral::decompose(phi * phi.transpose());
    VectorXd f = normal_vector(20, random);
    f.normalize();
    ranks.push_back(static_cast<double>(rank));
    floors.push_back(analysis::irreducible_error(system, f));
    const double rho = spectral::step_from_scale(system.largest());
    for (int k = 0; k < 3; ++k) {
      const VectorXd filter = spectral::gd_prompt_filter(system.values, rho, horizons[k]);
      at[k].push_back((spectral::prompt_correction(system, filter, f) - f).squaredNorm());
    }
  }
  report::Table table;
  table.numbers("rank", ranks);
  for (int k = 0; k < 3; ++k) table.numbers(fmt::format("T = {}", horizons[k]), at[k], 3);
  section.tables = {{"Squared error after T steps on labels without noise",
                     table.numbers("cannot be removed", floors, 3)}};
  return section;
}

}  // namespace

TheoryStudy necessity_study(const TheoryOptions& options) {
  check_options("necessity_study", options);
  return {"Why steps and directions have to be adapted",
          {prior_section(), shrinkage_section(options), range_section(options)}};
}

}  // namespace sextant::studies::reproduce
