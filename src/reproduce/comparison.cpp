#include "sextant/reproduce/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"

namespace sextant::reproduce {
namespace {

using Reference = std::optional<AgainstReference> MethodSummary::*;

const MethodErrors& find(const std::vector<MethodErrors>& methods, const std::string& name) {
  const auto found = std::ranges::find(methods, name, &MethodErrors::method);
  if (found == methods.end()) {
    throw ArgumentError("compare_methods", "methods", fmt::format("has no \"{}\"", name));
  }
  return *found;
}

void compare_with(const std::vector<MethodErrors>& methods, const std::string& name,
                  const statistics::ResamplingOptions& options, Reference reference,
                  GroupSummary& summary) {
  const MethodErrors& other = find(methods, name);
  std::vector<std::size_t> compared;
  std::vector<double> p_values;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (methods[i].method == name) continue;
    const auto comparison = statistics::compare_paired(methods[i].errors, other.errors, options);
    summary.methods[i].*reference = AgainstReference{comparison, 1};
    compared.push_back(i);
    p_values.push_back(comparison.p_value);
  }
  const std::vector<double> adjusted = statistics::holm(p_values);
  for (std::size_t k = 0; k < compared.size(); ++k) {
    (summary.methods[compared[k]].*reference)->adjusted_p = adjusted[k];
  }
}

report::OrderedJson number(double value) {
  return std::isfinite(value) ? report::OrderedJson(value) : report::OrderedJson();
}

report::OrderedJson reference_json(const std::optional<AgainstReference>& against) {
  if (!against) return nullptr;
  const statistics::Comparison& comparison = against->comparison;
  return {{"improvement", number(comparison.improvement.mean)},
          {"standard_error", number(comparison.improvement.standard_error)},
          {"interval", {number(comparison.interval.low), number(comparison.interval.high)}},
          {"p", number(comparison.p_value)},
          {"p_holm", number(against->adjusted_p)}};
}

}  // namespace

GroupSummary compare_methods(std::string group, const std::vector<MethodErrors>& methods,
                             const std::string& fixed,
                             const statistics::ResamplingOptions& options) {
  GroupSummary summary{std::move(group), 0, fixed, {}};
  for (const MethodErrors& method : methods) {
    summary.tasks = method.errors.size();
    summary.methods.push_back({method.method, method.mean_horizon,
                               statistics::estimate(method.errors), std::nullopt, std::nullopt});
  }
  compare_with(methods, "no update", options, &MethodSummary::against_none, summary);
  compare_with(methods, fixed, options, &MethodSummary::against_fixed, summary);
  return summary;
}

report::Table error_table(const GroupSummary& summary) {
  std::vector<std::string> names;
  std::vector<double> horizons;
  std::vector<double> errors;
  std::vector<double> standard_errors;
  for (const MethodSummary& method : summary.methods) {
    names.push_back(method.method);
    horizons.push_back(method.mean_horizon);
    errors.push_back(method.error.mean);
    standard_errors.push_back(method.error.standard_error);
  }
  report::Table table;
  table.text("method", names).numbers("mean T", horizons, 3).numbers("squared error", errors);
  return table.numbers("standard error", standard_errors, 2);
}

report::Table improvement_table(const GroupSummary& summary, Reference reference) {
  std::vector<std::string> names;
  std::vector<double> means;
  std::vector<double> lows;
  std::vector<double> highs;
  std::vector<double> p_values;
  std::vector<double> adjusted;
  for (const MethodSummary& method : summary.methods) {
    if (!(method.*reference)) continue;
    const AgainstReference& against = *(method.*reference);
    names.push_back(method.method);
    means.push_back(against.comparison.improvement.mean);
    lows.push_back(against.comparison.interval.low);
    highs.push_back(against.comparison.interval.high);
    p_values.push_back(against.comparison.p_value);
    adjusted.push_back(against.adjusted_p);
  }
  report::Table table;
  table.text("method", names).numbers("improvement", means, 3).numbers("low", lows, 3);
  table.numbers("high", highs, 3).numbers("p", p_values, 2).numbers("Holm's p", adjusted, 2);
  return table;
}

report::OrderedJson to_json(const GroupSummary& summary) {
  report::OrderedJson json{{"group", summary.group},
                           {"tasks", summary.tasks},
                           {"fixed", summary.fixed},
                           {"methods", report::OrderedJson::array()}};
  for (const MethodSummary& method : summary.methods) {
    json["methods"].push_back({{"method", method.method},
                               {"mean_horizon", number(method.mean_horizon)},
                               {"squared_error", number(method.error.mean)},
                               {"standard_error", number(method.error.standard_error)},
                               {"against_none", reference_json(method.against_none)},
                               {"against_fixed", reference_json(method.against_fixed)}});
  }
  return json;
}

}  // namespace sextant::reproduce
