#include <fmt/format.h>

#include <algorithm>

#include "sextant/spectral/filters.hpp"
#include "sextant/studies/analysis/global_design.hpp"
#include "sextant/studies/generators/gaussian_task.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/subspace/optimal.hpp"
#include "sextant/subspace/scores.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce {
namespace {

using namespace theory;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TheorySection optimal_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "The best subspace of each rank";
  section.statement =
      "The best rank-k update keeps the top-k eigenspace of the information that the prompt "
      "carries "
      "about the queries; its risk is that of no update minus the eigenvalues kept [W, Thm 8.2]. "
      "10 "
      "examples, 6 queries, 8 blocks of 1 to 8 parameters, tau2 = 1, sigma2 = 0.5.";
  Random random(options.seed, 1);
  generators::GaussianFamily family;
  family.queries = 6;
  family.benchmark = {1, 0.5};
  for (int b = 0; b < 8; ++b) {
    family.blocks.push_back({VectorXd::Constant(b + 1, std::exp(random.normal()) / (b + 1.0)), 1});
  }
  // One geometry; residuals and truth are drawn anew given it.
  const geometry::PromptGeometry geometry = generators::draw_gaussian_task(family, random);
  const auto blocks = geometry::block_matrices(geometry);
  const auto full = spectral::decompose(geometry::summed_kernel(blocks));
  MatrixXd couplings = MatrixXd::Zero(10, 6);
  for (Eigen::Index b = 0; b < 8; ++b) geometry::add_couplings(blocks, b, couplings);
  // The geometry holds the queries' variances alone; draw each query's correction given f instead.
  const MatrixXd regression = full.vectors *
                              spectral::bayes_query_filter(full.values, 0.0).asDiagonal() *
                              full.vectors.transpose() * couplings;
  const VectorXd conditional = (geometry.query_variances.rowwise().sum() -
                                (couplings.cwiseProduct(regression)).colwise().sum().transpose())
                                   .cwiseMax(0.0);
  std::vector<RunningMean> losses(7);
  subspace::OptimalSubspace optimal;
  for (int draw = 0; draw < options.draws; ++draw) {
    const VectorXd f =
        full.rotate_back(full.values.cwiseSqrt().cwiseProduct(normal_vector(10, random)));
    const VectorXd truth =
        regression.transpose() * f + conditional.cwiseSqrt().cwiseProduct(normal_vector(6, random));
    const VectorXd r = f + std::sqrt(0.5) * normal_vector(10, random);
    optimal = subspace::optimal_subspace(blocks, full, r, family.benchmark);
    for (Eigen::Index k = 0; k <= 6; ++k) {
      losses[static_cast<std::size_t>(k)].add((optimal.corrections(k) - truth).squaredNorm() / 6);
    }
  }
  std::vector<double> ranks;
  std::vector<double> risks;
  std::vector<double> simulated;
  std::vector<double> errors;
  std::vector<double> scores;
  for (Eigen::Index k = 0; k <= 6; ++k) {
    const RunningMean& loss = losses[static_cast<std::size_t>(k)];
    ranks.push_back(static_cast<double>(k));
    risks.push_back(optimal.risk(k));
    simulated.push_back(loss.value());
    errors.push_back(loss.standard_error());
    scores.push_back(loss.score(optimal.risk(k)));
  }
  report::Table table;
  table.numbers("rank", ranks).numbers("risk", risks, 4).numbers("simulated", simulated, 4);
  section.tables = {
      {fmt::format("Mean expected squared error of a query; exact posterior mean {:.4g}",
                   subspace::bayes_error(blocks, full, family.benchmark)),
       table.numbers("SE", errors, 2)}};
  section.findings.push_back(score_finding("Risks by rank", scores));
  return section;
}

TheorySection design_section(const TheoryOptions& options) {
  TheorySection section;
  section.title = "One subspace for many prompts";
  section.statement =
      "The top-k eigenspace of the average information over m prompts costs at most 2 k eps more "
      "than the best fixed subspace, with probability 1 - delta, eps from the matrix Freedman "
      "inequality [W, Thm E.25]. d = 12 parameters of falling size, 6 examples, k = 3, delta = "
      "0.05; "
      "the expectation from 20,000 prompts, 200 repetitions for each m.";
  constexpr Eigen::Index d = 12;
  constexpr Eigen::Index rank = 3;
  constexpr int repetitions = 200;
  constexpr int reference = 20000;
  const spectral::Benchmark model{1, 0.5};
  const VectorXd scales = VectorXd::LinSpaced(d, 1.2, 0.4);
  const MatrixXd root = MatrixXd::Identity(d, d);
  Random random(options.seed, 2);
  const auto information = [&] {
    return analysis::captured_information(normal_matrix(6, d, random) * scales.asDiagonal(), root,
                                          model);
  };
  analysis::GlobalDesign many;
  for (int i = 0; i < reference; ++i) many.add(information());
  const MatrixXd truth = many.mean();
  const auto spread = many.spread();
  struct Line {
    double prompts, regret, quantile, bound, violations;
  };
  std::vector<Line> lines;
  presentation::MeanLine regrets{"regret", {}, {}, {}};
  presentation::MeanLine bounds{"bound", {}, {}, {}};
  bool holds = true;
  for (const int prompts : {2, 8, 32, 128, 512}) {
    RunningMean regret;
    std::vector<double> all;
    const double bound = analysis::design_regret_bound(
        rank, d, prompts, {spread.variation * prompts / reference, spread.largest}, 0.05);
    int violations = 0;
    for (int repetition = 0; repetition < repetitions; ++repetition) {
      analysis::GlobalDesign design;
      for (int i = 0; i < prompts; ++i) design.add(information());
      const double value = analysis::design_regret(design.subspace(rank), truth);
      regret.add(value);
      all.push_back(value);
      violations += value > bound ? 1 : 0;
    }
    std::sort(all.begin(), all.end());
    lines.push_back({static_cast<double>(prompts), regret.value(), all[all.size() * 95 / 100],
                     bound, static_cast<double>(violations)});
    holds = holds && violations <= repetitions / 20;
    regrets.add(prompts, regret.value(), regret.standard_error());
    bounds.add(prompts, bound);
  }
  report::Table table;
  table.numbers_of("prompts", lines, &Line::prompts);
  table.numbers_of("mean regret", lines, &Line::regret, 3);
  table.numbers_of("95% quantile", lines, &Line::quantile, 3);
  table.numbers_of("bound", lines, &Line::bound, 3);
  section.tables = {{"Risk given away by the estimated subspace",
                     table.numbers_of("violations", lines, &Line::violations)}};
  section.figures.push_back(presentation::lines_figure(
      {"Regret of a global design",
       "Mean regret of the subspace chosen from m prompts with one "
       "standard error, and its bound.",
       "design-regret",
       {}},
      {regrets, bounds}, "prompts m", "regret", {true, true, std::nullopt}));
  section.findings.push_back(
      fmt::format("The bound {}; at 512 prompts it is {:.0f} times the 95% quantile of the regret.",
                  holds ? "holds at its rate" : "is violated too often",
                  lines.back().bound / lines.back().quantile));
  return section;
}

}  // namespace

TheoryStudy subspace_study(const TheoryOptions& options) {
  check_options("subspace_study", options);
  return {"Which directions: optimal subspaces and global designs",
          {optimal_section(options), design_section(options)}};
}

}  // namespace sextant::studies::reproduce
