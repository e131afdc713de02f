#include "sextant/studies/reproduce/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/studies/presentation/comparison.hpp"

namespace sextant::studies::reproduce {
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

report::OrderedJson reference_json(const std::optional<AgainstReference>& against) {
  if (!against) return nullptr;
  report::OrderedJson json = presentation::comparison_json(against->comparison);
  json["p_holm"] = report::finite_or_null(against->adjusted_p);
  return json;
}

}  // namespace

GroupSummary compare_methods(std::string group, const std::vector<MethodErrors>& methods,
                             const std::string& reference,
                             const statistics::ResamplingOptions& options) {
  GroupSummary summary{std::move(group), 0, reference, {}};
  for (const MethodErrors& method : methods) {
    summary.tasks = method.errors.size();
    summary.methods.push_back({method.method, method.mean_horizon,
                               statistics::estimate(method.errors), std::nullopt, std::nullopt});
  }
  compare_with(methods, "no update", options, &MethodSummary::against_none, summary);
  compare_with(methods, reference, options, &MethodSummary::against_reference, summary);
  return summary;
}

report::Table error_table(const GroupSummary& summary) {
  const auto& methods = summary.methods;
  report::Table table;
  table.text_of("method", methods, &MethodSummary::method);
  table.numbers_of("mean T", methods, &MethodSummary::mean_horizon, 3);
  table.numbers_of("squared error", methods,
                   [](const MethodSummary& method) { return method.error.mean; });
  return table.numbers_of(
      "standard error", methods,
      [](const MethodSummary& method) { return method.error.standard_error; }, 2);
}

report::Table improvement_table(const GroupSummary& summary, Reference reference) {
  struct Compared {
    std::string method;
    AgainstReference against;
  };
  std::vector<Compared> compared;
  for (const MethodSummary& method : summary.methods) {
    if (method.*reference) compared.push_back({method.method, *(method.*reference)});
  }
  report::Table table;
  table.text_of("method", compared, &Compared::method);
  presentation::add_comparison(
      table, "improvement", compared,
      [](const Compared& row) -> const statistics::Comparison& { return row.against.comparison; },
      3);
  table.numbers_of(
      "p", compared, [](const Compared& row) { return row.against.comparison.p_value; }, 2);
  return table.numbers_of(
      "Holm's p", compared, [](const Compared& row) { return row.against.adjusted_p; }, 2);
}

report::OrderedJson to_json(const GroupSummary& summary) {
  report::OrderedJson json{{"group", summary.group},
                           {"tasks", summary.tasks},
                           {"reference", summary.reference},
                           {"methods", report::OrderedJson::array()}};
  for (const MethodSummary& method : summary.methods) {
    json["methods"].push_back(
        {{"method", method.method},
         {"mean_horizon", report::finite_or_null(method.mean_horizon)},
         {"squared_error", report::finite_or_null(method.error.mean)},
         {"standard_error", report::finite_or_null(method.error.standard_error)},
         {"against_none", reference_json(method.against_none)},
         {"against_reference", reference_json(method.against_reference)}});
  }
  return json;
}

}  // namespace sextant::studies::reproduce
