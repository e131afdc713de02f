#pragma once

/// Methods on the same tasks, compared with two references.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sextant/report/table.hpp"
#include "sextant/studies/reproduce/horizon_experiment.hpp"
#include "sextant/studies/statistics/paired.hpp"

namespace sextant::studies::reproduce {

/// A method against one reference; absent for the reference itself.
struct AgainstReference {
  statistics::Comparison comparison;
  double adjusted_p = 1;  ///< Holm's, over the methods compared with this reference.
};

struct MethodSummary {
  std::string method;
  double mean_horizon = 0;  ///< NaN where no T is chosen.
  statistics::Estimate error;
  std::optional<AgainstReference> against_none;  ///< "no update"
  std::optional<AgainstReference> against_reference;
};

/// The methods on one group of tasks.
struct GroupSummary {
  std::string group;  ///< "all", "clean", "noisy"
  std::size_t tasks = 0;
  std::string reference;  ///< The second method that the others are compared with.
  std::vector<MethodSummary> methods;
};

/// Summarises `methods` (of equal length), compared with "no update" and with `reference`. The
/// oracle is compared like the others but knows the answer. Throws `ArgumentError` when a reference
/// is missing.
GroupSummary compare_methods(std::string group, const std::vector<MethodErrors>& methods,
                             const std::string& reference,
                             const statistics::ResamplingOptions& options);

/// Method, mean T, error, standard error.
report::Table error_table(const GroupSummary& summary);
/// Method, improvement over a reference with its interval, p-value and Holm's p-value.
report::Table improvement_table(const GroupSummary& summary,
                                std::optional<AgainstReference> MethodSummary::*reference);
report::OrderedJson to_json(const GroupSummary& summary);

}  // namespace sextant::studies::reproduce
