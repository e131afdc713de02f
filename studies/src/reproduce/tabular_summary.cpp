#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/studies/reproduce/tabular_study.hpp"

namespace sextant::studies::reproduce {
namespace {

constexpr int method_count = 3;

/// Per size of context, the accuracies of every split of one table.
using Curves = std::map<int, std::vector<TabularScore>>;

/// The size at which a rising curve reaches `accuracy`, in logarithms; kept within the sizes.
double log_size_for(std::span<const double> log_sizes, std::span<const double> rising,
                    double accuracy) {
  if (accuracy <= rising.front()) return log_sizes.front();
  for (std::size_t i = 1; i < rising.size(); ++i) {
    if (accuracy > rising[i]) continue;
    const double share = (accuracy - rising[i - 1]) / (rising[i] - rising[i - 1]);
    return log_sizes[i - 1] + share * (log_sizes[i] - log_sizes[i - 1]);
  }
  return log_sizes.back();
}

double mean_of(const std::vector<const TabularCase*>& cases, const auto& value) {
  double sum = 0;
  for (const TabularCase* one : cases) sum += value(*one);
  return sum / static_cast<double>(cases.size());
}

/// Means over splits for every table, then over the tables of each group.
std::vector<double> group_means(const std::vector<NamedTable>& tables,
                                const std::vector<TabularCase>& cases, int size,
                                const auto& value) {
  std::map<std::size_t, std::vector<const TabularCase*>> of_table;
  for (const TabularCase& one : cases) {
    if (one.size == size) of_table[one.table].push_back(&one);
  }
  std::map<std::string, std::vector<double>> of_group;
  for (const auto& [table, own] : of_table) {
    of_group[tables[table].group].push_back(mean_of(own, value));
  }
  std::vector<double> means;
  for (const auto& [group, values] : of_group) {
    double sum = 0;
    for (const double mean : values) sum += mean;
    means.push_back(sum / static_cast<double>(values.size()));
  }
  return means;
}

SizeSummary summarize_size(const std::vector<NamedTable>& tables, const TabularOptions& options,
                           const std::vector<TabularCase>& cases, int size) {
  SizeSummary summary;
  summary.size = size;
  std::set<std::size_t> seen;
  double count = 0;
  for (const TabularCase& one : cases) {
    if (one.size != size) continue;
    seen.insert(one.table);
    count += 1;
    summary.advised += one.advised ? 1 : 0;
    summary.kept += one.kept ? 1 : 0;
  }
  summary.tables = seen.size();
  summary.advised /= count;
  summary.kept /= count;
  std::vector<double> errors[method_count];
  std::vector<double> losses[method_count];
  for (int m = 0; m < method_count; ++m) {
    errors[m] = group_means(tables, cases, size,
                            [m](const TabularCase& one) { return 1 - one.scores[m].accuracy; });
    losses[m] = group_means(tables, cases, size,
                            [m](const TabularCase& one) { return one.scores[m].log_loss; });
    summary.accuracy[m] = statistics::estimate(errors[m]);
    summary.accuracy[m].mean = 1 - summary.accuracy[m].mean;
    summary.log_loss[m] = statistics::estimate(losses[m]);
  }
  summary.groups = errors[0].size();
  for (int m = 1; m < method_count; ++m) {
    summary.accuracy_gain[m] = statistics::compare_paired(errors[m], errors[0], options.resampling);
    summary.log_loss_gain[m] = statistics::compare_paired(losses[m], losses[0], options.resampling);
  }
  return summary;
}

/// log factor of one table from the splits `chosen` of each size.
double table_factor(const Curves& base, const Curves& updated, const std::vector<int>& chosen) {
  std::vector<int> sizes;
  std::vector<double> plain;
  std::vector<double> better;
  for (const auto& [size, scores] : base) {
    double sum = 0;
    double updated_sum = 0;
    for (const int split : chosen) {
      sum += scores[static_cast<std::size_t>(split)].accuracy;
      updated_sum += updated.at(size)[static_cast<std::size_t>(split)].accuracy;
    }
    sizes.push_back(size);
    plain.push_back(sum / static_cast<double>(chosen.size()));
    better.push_back(updated_sum / static_cast<double>(chosen.size()));
  }
  return log_context_factor(sizes, plain, better);
}

/// Percentiles of the table's factor over samples of its splits with replacement.
statistics::Interval split_interval(const Curves& base, const Curves& updated, int splits,
                                    const statistics::ResamplingOptions& options) {
  Random random(options.seed, 77);
  std::vector<double> factors;
  std::vector<int> chosen(static_cast<std::size_t>(splits));
  for (int i = 0; i < options.resamples; ++i) {
    for (int& split : chosen) {
      split = static_cast<int>(random.below(static_cast<std::uint64_t>(splits)));
    }
    factors.push_back(table_factor(base, updated, chosen));
  }
  std::ranges::sort(factors);
  const auto at = [&](double level) {
    return std::exp(
        factors[static_cast<std::size_t>(level * static_cast<double>(factors.size() - 1))]);
  };
  return {at((1 - options.level) / 2), at((1 + options.level) / 2)};
}

}  // namespace

double log_context_factor(std::span<const int> sizes, std::span<const double> plain,
                          std::span<const double> updated) {
  constexpr std::string_view here = "log_context_factor";
  if (sizes.size() < 2) throw ArgumentError(here, "sizes", "has fewer than two");
  check_size(here, "plain", plain.size(), sizes.size());
  check_size(here, "updated", updated.size(), sizes.size());
  std::vector<double> log_sizes;
  std::vector<double> rising;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    log_sizes.push_back(std::log(sizes[i]));
    rising.push_back(i == 0 ? plain[0] : std::max(plain[i], rising.back()));
  }
  double sum = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    // Where the update changes nothing it saves nothing, on a falling stretch as well.
    if (updated[i] == plain[i]) continue;
    sum += log_size_for(log_sizes, rising, updated[i]) - log_size_for(log_sizes, rising, plain[i]);
  }
  return sum / static_cast<double>(sizes.size());
}

void summarize(const std::vector<NamedTable>& tables, const TabularOptions& options,
               TabularResult& result) {
  std::set<int> sizes;
  for (const TabularCase& one : result.cases) sizes.insert(one.size);
  result.sizes.clear();
  for (const int size : sizes) {
    result.sizes.push_back(summarize_size(tables, options, result.cases, size));
  }
  result.factors.clear();
  std::map<std::string, std::vector<double>> of_group[method_count];
  for (std::size_t t = 0; t < tables.size(); ++t) {
    Curves curves[method_count];
    for (const TabularCase& one : result.cases) {
      if (one.table != t) continue;
      for (int m = 0; m < method_count; ++m) curves[m][one.size].push_back(one.scores[m]);
    }
    if (curves[0].size() < 2) continue;
    const int splits = static_cast<int>(curves[0].begin()->second.size());
    std::vector<int> all;
    for (int split = 0; split < splits; ++split) all.push_back(split);
    ContextFactor& factor = result.factors.emplace_back();
    factor.name = tables[t].name;
    for (int m = 1; m < method_count; ++m) {
      const double log_factor = table_factor(curves[0], curves[m], all);
      factor.factor[m] = std::exp(log_factor);
      factor.interval[m] = split_interval(curves[0], curves[m], splits, options.resampling);
      of_group[m][tables[t].group].push_back(log_factor);
    }
  }
  if (result.factors.empty()) return;
  ContextFactor overall;
  overall.name = "all";
  for (int m = 1; m < method_count; ++m) {
    std::vector<double> logs;
    for (const auto& [group, values] : of_group[m]) {
      logs.push_back(statistics::estimate(values).mean);
    }
    overall.factor[m] = std::exp(statistics::estimate(logs).mean);
    const statistics::Interval interval = statistics::bootstrap_mean(logs, options.resampling);
    overall.interval[m] = {std::exp(interval.low), std::exp(interval.high)};
  }
  result.factors.push_back(overall);
}

}  // namespace sextant::studies::reproduce
