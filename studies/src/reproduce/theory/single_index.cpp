#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/studies/single_index/risk.hpp"
#include "sextant/studies/statistics/paired.hpp"
#include "simulation.hpp"
#include "single_index_sections.hpp"

namespace sextant::studies::reproduce {
namespace theory {
namespace {

using Eigen::Index;

void check_list(std::string_view argument, const std::vector<Index>& values, Index least,
                Index most) {
  if (values.empty()) throw ArgumentError("single_index_study", argument, "is empty");
  for (const Index value : values) {
    if (value < least || value > most) {
      throw ArgumentError("single_index_study", argument,
                          fmt::format("holds {}, expected {} to {}", value, least, most));
    }
  }
}

/// Everything measured at one dimension and the common rank.
DimensionRuns run_dimension(const SingleIndexOptions& options, Index dimension) {
  DimensionRuns runs;
  runs.dimension = dimension;
  const single_index::Attention attention;
  runs.labelled_keys = pretrain_case(options, dimension, options.rank, attention.key_gain);
  runs.plain_keys = pretrain_case(options, dimension, options.rank, 0);
  const std::string part = fmt::format("test tasks, d = {}", dimension);
  std::size_t done = 0;
  for (const Index samples : options.samples) {
    Cell cell = run_learner(options, runs.labelled_keys, generators::LinkFamily::cubic, samples,
                            options.tasks);
    if (samples <= options.kernel_samples)
      run_kernel_ridge(options, runs.labelled_keys, cell, true);
    cell.in_context = run_in_context(options, runs.labelled_keys, samples, 1);
    runs.plain_in_context.push_back(run_in_context(options, runs.plain_keys, samples, 1));
    runs.cells.push_back(std::move(cell));
    if (options.on_progress) options.on_progress(part, ++done, options.samples.size(), 0);
  }
  return runs;
}

TheorySection pretraining_section(const std::vector<const PretrainedCase*>& cases) {
  TheorySection section;
  section.title = "Pretraining of the attention matrix by one step";
  section.statement =
      "One gradient step over T_pt prompts, the identity-like background removed: does the matrix "
      "hold the tasks' hidden subspace? The smallest cosine is that between the subspace and the "
      "span of the r largest eigenvectors; eigenvalues are those of sqrt(r) Gamma, 1 in the mean "
      "over the first r.";
  report::Table table;
  table.numbers_of("d", cases, [](auto c) { return c->family.dimension; })
      .numbers_of("r", cases, [](auto c) { return c->family.rank; })
      .numbers_of("k1", cases, [](auto c) { return c->attention.key_gain; })
      .numbers_of(
          "T_pt", cases, [](auto c) { return c->prompts; }, 6)
      .numbers_of(
          "smallest cosine", cases,
          [](auto c) { return single_index::smallest_cosine(c->subspace, c->pretrained.subspace); },
          5)
      .numbers_of("r-th", cases,
                  [](auto c) { return c->pretrained.eigenvalues[c->family.rank - 1]; })
      .numbers_of("largest", cases, [](auto c) { return c->pretrained.eigenvalues[0]; })
      .numbers_of(
          "bulk", cases, [](auto c) { return c->pretrained.largest_bulk(); }, 3)
      .numbers_of(
          "background", cases, [](auto c) { return c->pretrained.background; }, 3)
      .numbers_of("energy inside", cases, [](auto c) {
        return single_index::energy_inside(c->pretrained.gamma, c->subspace);
      });
  double least = 1;
  double gap = std::numeric_limits<double>::infinity();
  for (const PretrainedCase* one : cases) {
    least = std::min(least, single_index::smallest_cosine(one->subspace, one->pretrained.subspace));
    if (one->pretrained.largest_bulk() > 0) {
      gap = std::min(
          gap, one->pretrained.eigenvalues[one->family.rank - 1] / one->pretrained.largest_bulk());
    }
  }
  section.tables = {{"Pretrained matrices", std::move(table)}};
  section.findings = {fmt::format(
      "The smallest cosine of all is {:.4f}; the r-th eigenvalue is at least {:.0f} times the "
      "bulk, so r can be read off the spectrum.",
      least, gap)};
  return section;
}

TheorySection stages_section(const SingleIndexOptions& options,
                             const std::vector<DimensionRuns>& runs) {
  TheorySection section;
  section.title = "Alignment stage by stage";
  section.statement =
      "Mean |<beta, u>| at the start, which lies in the learned subspace but knows no label, after "
      "weak recovery and after strong recovery; the share of tasks with |<beta, u>| above 0.95 and "
      "the median of what is missing to 1.";
  struct Line {
    double d, samples, start, weak, strong, share, missing;
  };
  std::vector<Line> lines;
  std::vector<presentation::MeanLine> paths;
  for (const DimensionRuns& run : runs) {
    for (const Cell& cell : run.cells) {
      std::vector<double> start, weak, strong, recovered, missing;
      for (const LearnedOutcome& outcome : cell.learned) {
        start.push_back(outcome.start);
        weak.push_back(outcome.weak);
        strong.push_back(outcome.strong);
        recovered.push_back(outcome.strong > 0.95 ? 1 : 0);
        missing.push_back(1 - outcome.strong);
      }
      lines.push_back({static_cast<double>(run.dimension), static_cast<double>(cell.samples),
                       mean_of(start), mean_of(weak), mean_of(strong), mean_of(recovered),
                       median_of(missing)});
    }
    const Cell& last = run.cells.back();
    presentation::MeanLine path{fmt::format("d = {}", run.dimension), {}, {}, {}};
    const std::vector<Index> steps = recorded_steps(last.samples);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      std::vector<double> missing;
      for (const LearnedOutcome& outcome : last.learned) {
        missing.push_back(std::max(1e-12, 1 - outcome.path[static_cast<Index>(i)]));
      }
      path.add(static_cast<double>(steps[i]), median_of(missing));
    }
    paths.push_back(std::move(path));
  }
  report::Table table;
  table.numbers_of("d", lines, &Line::d).numbers_of("N", lines, &Line::samples, 6);
  table.numbers_of("start", lines, &Line::start, 3).numbers_of("weak", lines, &Line::weak, 3);
  table.numbers_of("strong", lines, &Line::strong, 4).numbers_of("share", lines, &Line::share, 3);
  section.tables = {{"Alignment", table.numbers_of("missing", lines, &Line::missing, 2)}};
  section.figures = {presentation::lines_figure(
      {"Strong recovery",
       fmt::format("What is missing to full alignment along the samples of the second stage, "
                   "median over tasks, N = {}.",
                   options.samples.back()),
       "strong-recovery",
       {}},
      paths, "samples used", "1 - |<beta, u>|", {false, true, std::nullopt})};
  const Line& most = lines.back();
  section.findings = {fmt::format(
      "At d = {}, N = {}: {:.2f} at the start, {:.2f} after weak and {:.4f} after strong recovery.",
      most.d, most.samples, most.start, most.weak, most.strong)};
  return section;
}

}  // namespace

Index middle_dimension(const SingleIndexOptions& options) {
  std::vector<Index> sorted = options.dimensions;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

}  // namespace theory

void check_options(const SingleIndexOptions& options) {
  using Eigen::Index;
  using theory::check_list;
  const Index most = generators::largest_single_index_dimension;
  check_list("dimensions", options.dimensions, 1, most);
  const Index least = *std::min_element(options.dimensions.begin(), options.dimensions.end());
  check_list("rank", {options.rank}, 1, least);
  if (!options.more_ranks.empty()) {
    check_list("more_ranks", options.more_ranks, 1, theory::middle_dimension(options));
  }
  check_list("samples", options.samples, single_index::fewest_samples, 100'000);
  check_list("tasks", {options.tasks}, 2, 100'000);
  check_list("kernel_tasks", {options.kernel_tasks}, 2, options.tasks);
  check_list("kernel_samples", {options.kernel_samples}, 0, 20'000);
  check_list("prompts_per_dimension", {options.prompts_per_dimension}, 1, 100'000);
  check_list("prompt_size", {options.prompt_size}, 1, 1'000'000);
}

TheoryStudy single_index_study(const SingleIndexOptions& options) {
  using namespace theory;
  check_options(options);
  std::vector<DimensionRuns> runs;
  for (const Eigen::Index dimension : options.dimensions) {
    runs.push_back(run_dimension(options, dimension));
  }
  std::vector<PretrainedCase> ranks;
  for (const Eigen::Index rank : options.more_ranks) {
    ranks.push_back(pretrain_case(options, middle_dimension(options), rank,
                                  single_index::Attention().key_gain));
  }
  std::vector<const PretrainedCase*> cases;
  const DimensionRuns* middle = &runs.front();
  for (const DimensionRuns& run : runs) {
    cases.push_back(&run.labelled_keys);
    cases.push_back(&run.plain_keys);
    if (run.dimension == middle_dimension(options)) middle = &run;
  }
  for (const PretrainedCase& one : ranks) cases.push_back(&one);

  TheoryStudy study{"Single-index tasks: three test-time stages", {}};
  study.sections.push_back(pretraining_section(cases));
  study.sections.push_back(errors_section(options, runs));
  study.sections.push_back(stages_section(options, runs));
  study.sections.push_back(last_stage_section(*middle));
  if (!ranks.empty()) study.sections.push_back(ranks_section(options, ranks, *middle));
  study.sections.push_back(links_section(options, *middle));
  study.sections.push_back(single_index_closed_forms(options));
  return study;
}

}  // namespace sextant::studies::reproduce
