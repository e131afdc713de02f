#pragma once

/// Small line drawings of curves for terminals.

#include <span>
#include <string>
#include <string_view>

#include "sextant/report/text.hpp"

namespace sextant::report {

/// One character per value, "▁" for the lowest and "█" for the highest, a space where a value is
/// not finite. Equal values all give "▁".
std::string sparkline(std::span<const double> values);

/// The evidence curve (lower is better) over its posterior, with the horizons below and the place
/// of the optimum marked:
///
///     evidence   █▆▅▃▂▂▁▁▁▂▂▃
///     posterior  ▁▁▁▂▄▆▇█▇▅▃▂
///                0      ^ 7  11
///
/// `horizons`, `evidence` and `posterior` have equal length; the posterior may be empty and is then
/// left out. Curves longer than the terminal are thinned to evenly spaced candidates that include
/// the optimum. Throws `ArgumentError` on unequal lengths. Empty without candidates.
std::string evidence_sketch(std::span<const double> horizons, std::span<const double> evidence,
                            std::span<const double> posterior, double t_map,
                            const TerminalStyle& style);

}  // namespace sextant::report
