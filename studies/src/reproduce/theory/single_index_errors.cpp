#include <fmt/format.h>

#include <cmath>

#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/studies/single_index/risk.hpp"
#include "sextant/studies/statistics/paired.hpp"
#include "single_index_pairing.hpp"
#include "single_index_sections.hpp"

namespace sextant::studies::reproduce::theory {

using Eigen::Index;
using statistics::Estimate;

TheorySection errors_section(const SingleIndexOptions& options,
                             const std::vector<DimensionRuns>& runs) {
  TheorySection section;
  const double sigma2 = runs.front().labelled_keys.family.sigma2;
  section.title = "Error against the number of test samples";
  section.statement = fmt::format(
      "Mean squared error on noisy labels (noise {} included) after N labelled samples of one "
      "task, link He3/sqrt(6) + c He4/sqrt(24), c within 0.5, r = {}. Three stages ({} tasks), and "
      "with the last stage on all samples; the in-context predictor with the same matrix, and with "
      "one pretrained with plain keys (k1 = 0); kernel ridge regression on all d coordinates and "
      "in the learned subspace (the first {} of the tasks, N up to {}; kernel and "
      "penalty by held-out samples). The error of the three stages is exact, that of the others on "
      "8,192 inputs.",
      sigma2, options.rank, options.tasks, options.kernel_tasks, options.kernel_samples);
  struct Line {
    double samples, median, mean, error, all, plain_keys, in_context, kernel, projected;
  };
  std::vector<presentation::MeanLine> medians;
  std::vector<presentation::MeanLine> methods;
  std::vector<Pairing> pairings;
  Tally against_kernel, against_projected, against_in_context;
  for (const DimensionRuns& run : runs) {
    const bool last = &run == &runs.back();
    const auto d = static_cast<double>(run.dimension);
    presentation::MeanLine median{fmt::format("d = {}", run.dimension), {}, {}, {}};
    presentation::MeanLine stages{"three stages", {}, {}, {}};
    presentation::MeanLine in_context{"in context", {}, {}, {}};
    presentation::MeanLine plain{"in context, plain keys", {}, {}, {}};
    presentation::MeanLine kernel{"kernel ridge", {}, {}, {}};
    presentation::MeanLine projected{"kernel ridge in the subspace", {}, {}, {}};
    std::vector<Line> lines;
    for (std::size_t i = 0; i < run.cells.size(); ++i) {
      const Cell& cell = run.cells[i];
      const auto n = static_cast<double>(cell.samples);
      const std::vector<double> learned = excess_of(cell, evidence_place);
      const std::vector<double> drawn = drawn_excess_of(cell);
      const auto add = [&](presentation::MeanLine& line, const std::vector<double>& values) {
        if (values.empty()) return std::nan("");
        const Estimate estimate = statistics::estimate(values);
        line.add(n, sigma2 + estimate.mean, estimate.standard_error);
        return sigma2 + estimate.mean;
      };
      Line line{};
      line.samples = n;
      line.median = sigma2 + median_of(learned);
      line.mean = add(stages, learned);
      line.error = statistics::estimate(learned).standard_error;
      line.all = sigma2 + mean_of(excess_of(cell, all_evidence_place));
      line.plain_keys = add(plain, run.plain_in_context[i]);
      line.in_context = add(in_context, cell.in_context);
      line.kernel = add(kernel, cell.kernel);
      line.projected = add(projected, cell.projected);
      median.add(n, line.median);
      lines.push_back(line);
      const auto pair = [&](const char* other, const std::vector<double>& values, Tally& tally) {
        if (values.empty()) return;
        const auto comparison = statistics::compare_paired(first_of(drawn, values.size()), values);
        tally.add(comparison);
        pairings.push_back({d, n, other, comparison});
      };
      pair("in context, plain keys", run.plain_in_context[i], against_in_context);
      pair("kernel ridge", cell.kernel, against_kernel);
      pair("kernel ridge in the subspace", cell.projected, against_projected);
    }
    medians.push_back(std::move(median));
    if (last) methods = {stages, in_context, plain, kernel, projected};
    report::Table table;
    table.numbers_of("N", lines, &Line::samples, 6).numbers_of("median", lines, &Line::median, 3);
    table.numbers_of("mean", lines, &Line::mean, 3).numbers_of("error", lines, &Line::error, 2);
    table.numbers_of("all samples", lines, &Line::all, 3);
    table.numbers_of("in context", lines, &Line::in_context, 3)
        .numbers_of("plain keys", lines, &Line::plain_keys, 3);
    table.numbers_of("kernel ridge", lines, &Line::kernel, 3)
        .numbers_of("in subspace", lines, &Line::projected, 3);
    section.tables.emplace_back(
        fmt::format("d = {}: three stages (median, mean and its standard error, mean with the last "
                    "stage on all samples), in-context predictors, kernel ridge",
                    run.dimension),
        std::move(table));
  }
  section.tables.emplace_back(
      "Gain of the three stages over other methods on the same tasks (mean difference of errors on "
      "8,192 shared "
      "inputs "
      "with its paired 95% bootstrap interval; positive: the three stages are better)",
      pairing_table(pairings));
  std::erase_if(methods, [](const presentation::MeanLine& line) { return line.x.empty(); });
  section.figures = {
      presentation::lines_figure(
          {"Three stages",
           "Median squared error, noise included, against the number of test "
           "samples.",
           "errors-by-dimension",
           {}},
          medians, "N", "squared error", {true, true, sigma2}),
      presentation::lines_figure(
          {fmt::format("Methods at d = {}", runs.back().dimension),
           "Mean squared error, noise included; bars are one standard error. The dashed line is "
           "the noise.",
           "errors-by-method",
           {}},
          methods, "N", "squared error", {true, true, sigma2})};
  const auto& plain = runs.back().plain_in_context.back();
  section.findings = {
      tally_finding("the in-context predictor with plain keys", against_in_context),
      tally_finding("kernel ridge on all coordinates", against_kernel),
      tally_finding("kernel ridge in the learned subspace", against_projected) +
          (against_projected.worse > against_projected.better
               ? " It has the same pretrained matrix and nothing else: what the three stages gain "
                 "over plain kernel ridge comes from the subspace, not from the stages."
               : ""),
      fmt::format("The in-context predictor with plain keys ends at {:.2f} (d = {}, N = {}); its "
                  "floor for endless contexts is {:.2f}.",
                  sigma2 + mean_of(plain), runs.back().dimension, options.samples.back(),
                  single_index::in_context_floor(runs.back().plain_keys.family,
                                                 single_index::Attention().label_clip))};
  return section;
}

}  // namespace sextant::studies::reproduce::theory
