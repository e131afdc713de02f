#include "sextant/studies/reproduce/tabular_study.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sextant/advice/plan.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/io/files.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "sextant/studies/generators/table_prior.hpp"
#include "sextant/studies/reproduce/study.hpp"
#include "sextant/ttt/step_path.hpp"

namespace sextant::studies::reproduce {
namespace {

using Readout = readout::ClassProbabilities<float>;

constexpr double uniform_share = 0.01;
constexpr double pilot_scales[] = {0.1, 0.3, 0.9};
constexpr std::int64_t last_pilot_step = 16;
constexpr std::uint64_t pilot_stream = std::uint64_t{1} << 40;

/// A context for updates, and its test rows for predictions.
struct PreparedCase {
  ttt::PromptModel examples;  ///< Without queries.
  model::TokenBatch test;
  model::AttentionLayouts test_layouts;
  std::vector<int> labels;  ///< Of the test rows.
  int classes = 2;
};

PreparedCase prepare(const model::Weights<float>& weights, task::RowTask rows,
                     const task::RowSupervision& supervision, const std::string& label) {
  task::EncodedPrompt prompt = task::encode(rows, weights.config.features, supervision, label);
  std::vector<std::vector<int>> sequences;  // one for each test row
  const auto scalars = static_cast<std::size_t>(prompt.table->scalars);
  for (std::size_t q = 0; q < prompt.query_tokens.size(); q += scalars) {
    sequences.push_back(prompt.query_tokens[q]);
  }
  model::TokenBatch test = model::pack_rows(prompt.table, sequences);
  model::AttentionLayouts layouts = model::tree_layouts(test);
  prompt.query_tokens.clear();
  prompt.query_targets.clear();
  std::vector<int> labels;
  for (const int row : rows.queries) labels.push_back(rows.labels[static_cast<std::size_t>(row)]);
  return {ttt::PromptModel(weights, std::move(prompt),
                           std::make_shared<Readout>(weights, rows.classes), label),
          std::move(test), std::move(layouts), std::move(labels), rows.classes};
}

TabularScore score(const PreparedCase& prepared, const model::Weights<float>& weights) {
  const auto hidden = model::forward(weights, prepared.test, prepared.test_layouts, false).hidden;
  const Readout readout(weights, prepared.classes);
  TabularScore score;
  for (std::size_t q = 0; q < prepared.labels.size(); ++q) {
    const Eigen::VectorXd p =
        readout.probabilities(hidden, prepared.test.sequence_outputs[q].front());
    Eigen::Index best = 0;
    p.maxCoeff(&best);
    score.accuracy += best == prepared.labels[q] ? 1 : 0;
    score.log_loss -=
        std::log((1 - uniform_share) * p(prepared.labels[q]) + uniform_share / prepared.classes);
  }
  score.accuracy /= static_cast<double>(prepared.labels.size());
  score.log_loss /= static_cast<double>(prepared.labels.size());
  return score;
}

/// Mean log-loss on one synthetic table for every step scale and T = 0, 1, ...
Row pilot_row(const model::Weights<float>& weights, const TabularOptions& options,
              std::size_t index) {
  generators::TablePrior prior;
  prior.most_features = std::min(prior.most_features, weights.config.features);
  prior.most_classes = std::min(prior.most_classes, weights.config.vocabulary);
  prior.fewest_context = 32;
  prior.most_context = 256;
  Random random(options.seed, pilot_stream + index);
  generators::SyntheticTable table = draw_table(prior, random);
  task::RowTask rows{std::move(table.columns), std::move(table.labels), {}, {}, table.classes};
  for (int row = 0; row < static_cast<int>(rows.labels.size()); ++row) {
    (row < table.context ? rows.context : rows.queries).push_back(row);
  }
  const PreparedCase prepared =
      prepare(weights, std::move(rows), options.supervision, "synthetic table");
  const auto geometry = prepared.examples.capture({});
  const double lambda_max = spectral::largest_eigenvalue(geometry::summed_kernel(geometry)).value;
  Row row;
  for (const double scale : pilot_scales) {
    const double rho = lambda_max > 0 ? scale / lambda_max : 0;
    ttt::take_steps(prepared.examples, geometry::block_names(geometry), rho, last_pilot_step,
                    [&](std::int64_t, const model::Weights<float>& stepped) {
                      row.push_back(score(prepared, stepped).log_loss);
                    });
  }
  return row;
}

TabularPilot run_pilot(const model::Weights<float>& weights, const TabularOptions& options,
                       const std::string& settings) {
  std::vector<std::string> columns;
  for (const double scale : pilot_scales) {
    for (std::int64_t t = 0; t <= last_pilot_step; ++t) {
      columns.push_back(fmt::format("loss_c{}_t{}", scale, t));
    }
  }
  const auto rows =
      run_part(options, "pilot", settings, columns, static_cast<std::size_t>(options.pilot_tables),
               [&](std::size_t index) { return pilot_row(weights, options, index); });
  Row mean(columns.size(), 0.0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += row[i] / static_cast<double>(rows.size());
    }
  }
  TabularPilot pilot;
  pilot.loss_none = mean.front();
  pilot.loss_fixed = std::numeric_limits<double>::infinity();
  std::size_t at = 0;
  for (const double scale : pilot_scales) {
    for (std::int64_t t = 0; t <= last_pilot_step; ++t, ++at) {
      if (t == 0 || !(mean[at] < pilot.loss_fixed)) continue;
      pilot.loss_fixed = mean[at];
      pilot.step_scale = scale;
      pilot.horizon = t;
    }
  }
  return pilot;
}

TabularCase run_case(const model::Weights<float>& weights, const NamedTable& table,
                     const TabularOptions& options, const TabularPilot& pilot, TabularCase result) {
  const TableSplit split = split_table(table, result.repeat, options.most_test, options.seed);
  const PreparedCase prepared =
      prepare(weights, table_task(table, split, result.size), options.supervision, table.name);
  const auto geometry = prepared.examples.capture({});
  advice::PlanOptions plan_options;
  plan_options.ranking.horizon_options.step.scale = pilot.step_scale;
  const advice::Plan plan = advice::plan(geometry, plan_options);
  result.lambda_max = plan.whole.lambda_max;
  const TabularScore none = score(prepared, weights);
  std::ranges::fill(result.scores, none);
  const auto update = [&](const std::vector<std::string>& blocks, double rho, std::int64_t horizon,
                          TabularScore& into) {
    const ttt::SteppedModel stepped = ttt::take_steps(prepared.examples, blocks, rho, horizon);
    if (stepped.is_kept()) into = score(prepared, stepped.weights);
    return stepped.is_kept();
  };
  if (result.lambda_max > 0) {
    result.fixed_kept =
        update(geometry::block_names(geometry), pilot.step_scale / result.lambda_max, pilot.horizon,
               result.scores[static_cast<int>(TabularMethod::fixed)]);
  }
  result.advised = plan.adapt;
  if (!plan.adapt) return result;
  result.horizon = plan.horizon;
  result.blocks = plan.blocks.size();
  result.kept = update(plan.block_names, plan.rho, plan.horizon,
                       result.scores[static_cast<int>(TabularMethod::advised)]);
  return result;
}

/// The cases in order, without their results.
std::vector<TabularCase> list_cases(const std::vector<NamedTable>& tables,
                                    const TabularOptions& options) {
  std::vector<TabularCase> cases;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const TableSplit split = split_table(tables[t], 0, options.most_test, options.seed);
    for (int repeat = 0; repeat < options.repeats; ++repeat) {
      for (const int size : options.sizes) {
        if (static_cast<std::size_t>(size) > split.order.size()) continue;
        TabularCase& one = cases.emplace_back();
        one.table = t;
        one.repeat = repeat;
        one.size = size;
      }
    }
  }
  return cases;
}

void write_splits(const std::vector<NamedTable>& tables, const TabularOptions& options) {
  std::string text = "table,repeat,test,order\n";
  for (const NamedTable& table : tables) {
    for (int repeat = 0; repeat < options.repeats; ++repeat) {
      const TableSplit split = split_table(table, repeat, options.most_test, options.seed);
      text += fmt::format("{},{},{},{}\n", table.name, repeat, fmt::join(split.test, " "),
                          fmt::join(split.order, " "));
    }
  }
  io::write_file(options.out / "splits.csv", text);
}

}  // namespace

std::vector<std::string> TabularCase::columns() {
  return {"table",        "repeat",     "size",      "accuracy_none",
          "loss_none",    "accuracy_t", "loss_t",    "accuracy_advised",
          "loss_advised", "t_kept",     "advised",   "horizon",
          "blocks",       "kept",       "lambda_max"};
}

Row TabularCase::row() const {
  Row values = {static_cast<double>(table), static_cast<double>(repeat), static_cast<double>(size)};
  for (const TabularScore& one : scores) {
    values.push_back(one.accuracy);
    values.push_back(one.log_loss);
  }
  for (const double value :
       {fixed_kept ? 1.0 : 0.0, advised ? 1.0 : 0.0, static_cast<double>(horizon),
        static_cast<double>(blocks), kept ? 1.0 : 0.0, lambda_max}) {
    values.push_back(value);
  }
  return values;
}

TabularCase TabularCase::from_row(std::span<const double> row) {
  check_size("TabularCase::from_row", "row", row.size(), columns().size());
  TabularCase one;
  one.table = static_cast<std::size_t>(row[0]);
  one.repeat = static_cast<int>(row[1]);
  one.size = static_cast<int>(row[2]);
  for (std::size_t m = 0; m < 3; ++m) one.scores[m] = {row[3 + 2 * m], row[4 + 2 * m]};
  one.fixed_kept = row[9] != 0;
  one.advised = row[10] != 0;
  one.horizon = static_cast<std::int64_t>(row[11]);
  one.blocks = static_cast<std::size_t>(row[12]);
  one.kept = row[13] != 0;
  one.lambda_max = row[14];
  return one;
}

TabularResult run_tabular_study(const TabularOptions& options) {
  const auto weights = model::load_weights<float>(options.model);
  if (!weights.config.reads_rows()) {
    throw InputError(options.model.string(), "config.json", "is not a model of rows");
  }
  const TableFolder folder = read_table_folder(options.data, weights.config);
  const std::vector<TabularCase> cases = list_cases(folder.tables, options);
  if (cases.empty()) {
    throw ArgumentError("run_tabular_study", "sizes",
                        fmt::format("begin at {} rows, more than any table has beside its test",
                                    std::ranges::min(options.sizes)));
  }
  TabularResult result;
  for (const NamedTable& table : folder.tables) result.tables.push_back(table.name);
  result.same = folder.same;
  const std::string settings = fmt::format(
      "tabular, weights {:016x}, seed {}, supervised {} rows in {} folds of {} rows, pilot of {} "
      "tables",
      weights_fingerprint(options.model), options.seed, options.supervision.rows,
      options.supervision.folds, options.supervision.context, options.pilot_tables);
  result.pilot = run_pilot(weights, options, settings);
  write_splits(folder.tables, options);
  const auto rows = run_part(
      options, "cases",
      fmt::format("{}, data {:016x}, tables {}, sizes {}, repeats {}, at most {} test rows",
                  settings, folder.fingerprint, fmt::join(result.tables, " "),
                  fmt::join(options.sizes, " "), options.repeats, options.most_test),
      TabularCase::columns(), cases.size(),
      [&](std::size_t index) {
        const TabularCase& one = cases[index];
        return run_case(weights, folder.tables[one.table], options, result.pilot, one).row();
      },
      [&](std::size_t index, const Row& row) {
        const Row expected = cases[index].row();
        return std::equal(row.begin(), row.begin() + 3, expected.begin());  // table, repeat, size
      });
  for (const Row& row : rows) result.cases.push_back(TabularCase::from_row(row));
  summarize(folder.tables, options, result);
  return result;
}

}  // namespace sextant::studies::reproduce
