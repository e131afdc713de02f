#pragma once

/// Tabular in-context classification with and without test-time training: accuracy and log-loss
/// against the size of the context, and how much context an update replaces.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "sextant/report/advice_html.hpp"
#include "sextant/studies/reproduce/run_log.hpp"
#include "sextant/studies/reproduce/tabular_tasks.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::reproduce {

struct TabularOptions : RunOptions {
  std::filesystem::path model;
  std::filesystem::path data;
  std::vector<int> sizes{16, 32, 64, 128, 256, 512, 1000};  ///< Ascending.
  int repeats = 3;                                          ///< Splits of every table.
  int most_test = 300;                                      ///< Test rows of a split.
  int pilot_tables = 48;  ///< Synthetic tables that choose step scale and fixed T, at least 2.
  task::RowSupervision supervision{32, 4, 128};
  std::uint64_t seed = 1;
  statistics::ResamplingOptions resampling;
};

/// How rows are predicted.
enum class TabularMethod { none, fixed, advised };
inline constexpr TabularMethod tabular_methods[] = {TabularMethod::none, TabularMethod::fixed,
                                                    TabularMethod::advised};

/// Share of right classes, and mean -log p of the right class in nats, p mixed with 1% of the
/// uniform distribution so that one confident error does not decide.
struct TabularScore {
  double accuracy = 0;
  double log_loss = 0;
};

/// One table, split and size of context.
struct TabularCase {
  std::size_t table = 0;
  int repeat = 0;
  int size = 0;
  TabularScore scores[3];    ///< Indexed by TabularMethod.
  bool fixed_kept = false;   ///< Updates that do not fit the examples better are discarded.
  bool advised = false;      ///< Whether the advice is to adapt.
  std::int64_t horizon = 0;  ///< Its T.
  std::size_t blocks = 0;
  bool kept = false;
  double lambda_max = 0;

  static std::vector<std::string> columns();
  Row row() const;
  static TabularCase from_row(std::span<const double> row);
};

/// What the synthetic tables chose, for the update of all value heads.
struct TabularPilot {
  double step_scale = 0;
  std::int64_t horizon = 0;  ///< T of the fixed method, at least 1.
  double loss_none = 0;      ///< Mean log-loss without update, and at the choice.
  double loss_fixed = 0;
};

/// All tables at one size of context; of a table the mean over splits, of a group over tables.
struct SizeSummary {
  int size = 0;
  std::size_t tables = 0;
  std::size_t groups = 0;
  statistics::Estimate accuracy[3];
  statistics::Estimate log_loss[3];
  /// Smaller error rate and log-loss than without update; first entry unused.
  statistics::Comparison accuracy_gain[3];
  statistics::Comparison log_loss_gain[3];
  double advised = 0;  ///< Share of cases with the advice to adapt.
  double kept = 0;     ///< Share whose advised update was kept.
};

/// By what factor an update reduces the context that is needed. Let s(a) be the size at which the
/// largest accuracy so far without update reaches a, linear in log s between the sizes measured and
/// kept within them, so that a factor at either end is cut short. The factor is the geometric mean
/// over sizes of s(accuracy with update) / s(accuracy without): above 1 the update saves context.
struct ContextFactor {
  std::string name;  ///< Table, or "all".
  double factor[3] = {1, 1, 1};
  statistics::Interval interval[3];  ///< 95% bootstrap over splits, or over groups of tables.
};

/// See `ContextFactor`; `plain` and `updated` are accuracies at ascending `sizes`, at least two.
double log_context_factor(std::span<const int> sizes, std::span<const double> plain,
                          std::span<const double> updated);

struct TabularResult {
  TabularPilot pilot;
  std::vector<std::string> tables;
  std::vector<std::string> same;
  std::vector<TabularCase> cases;
  std::vector<SizeSummary> sizes;
  std::vector<ContextFactor> factors;  ///< The last one is of all tables.
};

/// Fills `sizes` and `factors` from the cases.
void summarize(const std::vector<NamedTable>& tables, const TabularOptions& options,
               TabularResult& result);

/// Runs what is missing and writes, below `out`, pilot.csv, cases.csv and splits.csv (per table and
/// repeat, test rows and order of the others) as it goes. The same options give the same numbers,
/// whatever the threads and stops. Throws as `run_part` and `read_table_folder`.
TabularResult run_tabular_study(const TabularOptions& options);

std::string tabular_text(const TabularResult& result, const report::TerminalStyle& style);
report::HtmlReport tabular_html(const report::Heading& heading, const TabularResult& result);
report::OrderedJson to_json(const TabularResult& result);

}  // namespace sextant::studies::reproduce
