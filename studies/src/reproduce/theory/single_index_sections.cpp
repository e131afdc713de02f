#include "single_index_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/studies/statistics/paired.hpp"
#include "single_index_pairing.hpp"

namespace sextant::studies::reproduce::theory {

using Eigen::Index;
using statistics::Estimate;

TheorySection last_stage_section(const DimensionRuns& runs) {
  TheorySection section;
  section.title = "The last stage's penalty and steps, by evidence and fixed";
  section.statement = fmt::format(
      "The link is fitted on the same direction with a ridge penalty or with T steps of gradient "
      "descent (c = 0.1). Penalties: of largest evidence, by generalised cross-validation, fixed "
      "(over lambda_max). Steps: of least expected error under the two variances that the evidence "
      "fits, of largest evidence of the horizon itself (T_MAP, sigma2 profiled out or plug-in), "
      "fixed. Error beyond the noise at d = {}; the hindsight row takes the best penalty of each "
      "task.",
      runs.dimension);
  std::vector<presentation::MeanLine> figure(last_stage_names.size());
  for (std::size_t i = 0; i < figure.size(); ++i) figure[i].name = last_stage_names[i];
  std::vector<std::string> names(last_stage_names.begin(), last_stage_names.end());
  report::Table medians, means;
  medians.text("choice", names);
  means.text("choice", names);
  struct Choice {
    double samples, gcv, evidence, benchmark, profile, plug_in;
  };
  std::vector<Choice> choices;
  std::vector<Pairing> pairings;
  for (const Cell& cell : runs.cells) {
    std::vector<double> median_column, mean_column;
    for (std::size_t place = 0; place < last_stage_names.size(); ++place) {
      const std::vector<double> excess = excess_of(cell, place);
      median_column.push_back(median_of(excess));
      mean_column.push_back(mean_of(excess));
      figure[place].add(static_cast<double>(cell.samples), median_column.back());
    }
    const std::string header = fmt::format("N = {}", cell.samples);
    medians.numbers(header, median_column, 3);
    means.numbers(header, mean_column, 3);
    const auto median_choice = [&](auto member) {
      std::vector<double> values;
      for (const LearnedOutcome& outcome : cell.learned) values.push_back(outcome.*member);
      return median_of(values);
    };
    const auto n = static_cast<double>(cell.samples);
    choices.push_back({n, median_choice(&LearnedOutcome::gcv_penalty),
                       median_choice(&LearnedOutcome::evidence_penalty),
                       median_choice(&LearnedOutcome::benchmark_steps),
                       median_choice(&LearnedOutcome::profile_steps),
                       median_choice(&LearnedOutcome::plug_in_steps)});
    const auto pair = [&](const char* name, std::size_t method, std::size_t other) {
      pairings.push_back(
          {static_cast<double>(runs.dimension), n, name,
           statistics::compare_paired(excess_of(cell, method), excess_of(cell, other))});
    };
    pair("evidence over GCV", evidence_place, gcv_place);
    pair("evidence over GCV, all samples", all_evidence_place, all_gcv_place);
    pair("steps (fitted variances) over evidence", benchmark_place, evidence_place);
    pair("steps (T_MAP, profile) over evidence", profile_place, evidence_place);
  }
  report::Table chosen;
  chosen.numbers_of("N", choices, &Choice::samples, 6)
      .numbers_of("GCV", choices, &Choice::gcv, 2)
      .numbers_of("evidence", choices, &Choice::evidence, 2)
      .numbers_of("T, fitted variances", choices, &Choice::benchmark, 2)
      .numbers_of("T_MAP, profile", choices, &Choice::profile, 6)
      .numbers_of("T_MAP, plug-in", choices, &Choice::plug_in, 6);
  report::Table gains;
  gains.numbers_of("N", pairings, &Pairing::samples, 6)
      .text_of("comparison", pairings, &Pairing::other);
  presentation::add_comparison(gains, "gain", pairings, &Pairing::comparison, 3);
  gains.text_of("verdict", pairings,
                [](auto& p) { return verdict(p.comparison, "better", "worse"); });
  section.tables = {
      {"Median error beyond the noise", std::move(medians)},
      {"Mean error beyond the noise", std::move(means)},
      {"What was chosen, median over tasks (penalties over lambda_max)", std::move(chosen)},
      {"Gains by evidence on the same tasks, with paired 95% intervals of the mean",
       std::move(gains)}};
  section.figures = {presentation::lines_figure(
      {"The last stage",
       "Median error beyond the noise by how penalty or steps are chosen.",
       "last-stage",
       {}},
      {figure[gcv_place], figure[evidence_place], figure[profile_place], figure[plug_in_place],
       figure[hindsight_place]},
      "N", "excess error", {true, true, std::nullopt})};
  const auto tally = [&](const char* name) {
    Tally result;
    for (const Pairing& pairing : pairings) {
      if (pairing.other == name) result.add(pairing.comparison);
    }
    return fmt::format("{}: better at {}, worse at {}, undecided at {} values of N.", name,
                       result.better, result.worse, result.undecided);
  };
  section.findings = {tally("evidence over GCV"), tally("evidence over GCV, all samples"),
                      tally("steps (fitted variances) over evidence"),
                      tally("steps (T_MAP, profile) over evidence")};
  return section;
}

TheorySection ranks_section(const SingleIndexOptions& options,
                            const std::vector<PretrainedCase>& cases, const DimensionRuns& middle) {
  TheorySection section;
  section.title = "Other ranks of the hidden subspace";
  section.statement = fmt::format(
      "The same at d = {} for other r: share of tasks with |<beta, u>| above 0.95, error of the "
      "three stages (noise included) and of kernel ridge in the learned subspace. A polynomial of "
      "degree 4 in r variables has binom(r + 4, 4) coefficients: 70 for r = 4, 495 for r = 8, "
      "4,845 for r = 16.",
      middle.dimension);
  struct Line {
    double r, samples, share, median, mean, error;
    // Where kernel ridge was not run, nothing is known.
    double projected = std::nan("");
    statistics::Comparison comparison = {{projected, projected}, {projected, projected}};
  };
  const double sigma2 = middle.labelled_keys.family.sigma2;
  std::vector<Line> lines;
  std::vector<presentation::MeanLine> curves;
  std::vector<std::string> findings;
  const auto add = [&](Index rank, const std::vector<Cell>& cells) {
    presentation::MeanLine stages{fmt::format("r = {}, three stages", rank), {}, {}, {}};
    presentation::MeanLine kernel{
        fmt::format("r = {}, kernel ridge in the subspace", rank), {}, {}, {}};
    Tally tally;
    for (const Cell& cell : cells) {
      const std::vector<double> learned = excess_of(cell, evidence_place);
      double recovered = 0;
      for (const LearnedOutcome& outcome : cell.learned) recovered += outcome.strong > 0.95 ? 1 : 0;
      const Estimate estimate = statistics::estimate(learned);
      const auto n = static_cast<double>(cell.samples);
      Line line{static_cast<double>(rank),
                n,
                recovered / static_cast<double>(learned.size()),
                sigma2 + median_of(learned),
                sigma2 + estimate.mean,
                estimate.standard_error};
      stages.add(n, line.median);
      if (!cell.projected.empty()) {
        line.comparison = statistics::compare_paired(
            first_of(drawn_excess_of(cell), cell.projected.size()), cell.projected);
        tally.add(line.comparison);
        line.projected = sigma2 + mean_of(cell.projected);
        kernel.add(n, sigma2 + median_of(cell.projected));
      }
      lines.push_back(line);
    }
    curves.push_back(std::move(stages));
    if (!kernel.x.empty()) curves.push_back(std::move(kernel));
    findings.push_back(fmt::format("r = {}: ", rank) +
                       tally_finding("kernel ridge in the learned subspace", tally));
  };
  add(middle.labelled_keys.family.rank, middle.cells);
  for (const PretrainedCase& one : cases) {
    const std::string part = fmt::format("test tasks, r = {}", one.family.rank);
    std::vector<Cell> cells;
    for (const Index samples : options.samples) {
      cells.push_back(
          run_learner(options, one, generators::LinkFamily::cubic, samples, options.tasks));
      if (samples <= options.kernel_samples) run_kernel_ridge(options, one, cells.back(), false);
      if (options.on_progress) {
        options.on_progress(part, cells.size(), options.samples.size(), 0);
      }
    }
    add(one.family.rank, cells);
  }
  report::Table table;
  table.numbers_of("r", lines, &Line::r).numbers_of("N", lines, &Line::samples, 6);
  table.numbers_of("share", lines, &Line::share, 3).numbers_of("median", lines, &Line::median, 3);
  table.numbers_of("mean", lines, &Line::mean, 3).numbers_of("error", lines, &Line::error, 2);
  table.numbers_of("in subspace", lines, &Line::projected, 3);
  presentation::add_comparison(table, "gain", lines, &Line::comparison, 3);
  section.tables = {
      {"Three stages and kernel ridge in the learned subspace (gain: paired mean "
       "difference with its 95% interval, positive for the three stages)",
       std::move(table)}};
  section.figures = {presentation::lines_figure(
      {"Ranks", "Median squared error, noise included; the dashed line is the noise.", "ranks", {}},
      curves, "N", "squared error", {true, true, sigma2})};
  section.findings = std::move(findings);
  return section;
}

TheorySection links_section(const SingleIndexOptions& options, const DimensionRuns& middle) {
  TheorySection section;
  section.title = "Links that pretraining has not seen";
  section.statement = fmt::format(
      "The matrix pretrained on cubic links (d = {}), other links at test time: even "
      "He2/sqrt(2) + c He4/sqrt(24), steep He3/sqrt(6) + 3 c He4/sqrt(24), saturating tanh(2 z) + "
      "c (z^2 - 1). Error beyond the noise.",
      middle.dimension);
  struct Line {
    std::string link;
    double samples, share, median, mean, error;
  };
  std::vector<Line> lines;
  double least = 1;
  for (const generators::LinkFamily link :
       {generators::LinkFamily::even, generators::LinkFamily::steep,
        generators::LinkFamily::saturating}) {
    // Every other N is enough.
    for (std::size_t i = options.samples.size() > 1 ? 1 : 0; i < options.samples.size(); i += 2) {
      const Index samples = options.samples[i];
      const Cell cell = run_learner(options, middle.labelled_keys, link, samples, options.tasks);
      const std::vector<double> excess = excess_of(cell, evidence_place);
      double recovered = 0;
      for (const LearnedOutcome& outcome : cell.learned) recovered += outcome.strong > 0.95 ? 1 : 0;
      const Estimate estimate = statistics::estimate(excess);
      lines.push_back({std::string(name_of(link)), static_cast<double>(samples),
                       recovered / static_cast<double>(excess.size()), median_of(excess),
                       estimate.mean, estimate.standard_error});
    }
  }
  for (const Line& line : lines) {
    if (line.samples == lines.back().samples) least = std::min(least, line.share);
  }
  report::Table table;
  table.text_of("link", lines, &Line::link).numbers_of("N", lines, &Line::samples, 6);
  table.numbers_of("share", lines, &Line::share, 3).numbers_of("median", lines, &Line::median, 2);
  table.numbers_of("mean", lines, &Line::mean, 2);
  section.tables = {{"Share of tasks with |<beta, u>| above 0.95, and excess error",
                     table.numbers_of("error", lines, &Line::error, 2)}};
  section.findings = {
      fmt::format("At N = {} the direction is found in at least {:.0f}% of the tasks of each link.",
                  lines.back().samples, 100 * least)};
  return section;
}

}  // namespace sextant::studies::reproduce::theory
