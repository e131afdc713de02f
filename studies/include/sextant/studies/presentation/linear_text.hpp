#pragma once

/// Advice for the linear transformer in words, tables and JSON.

#include <string>

#include "sextant/report/advice_summary.hpp"
#include "sextant/studies/linear/advice.hpp"

namespace sextant::studies::presentation {

/// The answer for a fresh context first; the same context, the crossing of the starts and the unit
/// of step sizes as facts.
report::Summary summarize(const linear::Advice& advice);
/// One row for each risk and start.
report::Table starts_table(const linear::Advice& advice);
/// One row for each number of steps, the excess risks in the limit of large sizes.
report::Table steps_table(const linear::Advice& advice);

/// Everything for a terminal; ends with a line end and fits `style.width`.
std::string linear_text(const linear::Advice& advice, const report::TerminalStyle& style);

/// {"n", "k", "d", "sigma2", "signal", "least_share", "fresh_context": {"adapt", "start", "step",
/// "risk_before", "risk_after", "gain", "share"}, "same_context": {..}, "crossing":
/// {"fresh_context", "same_context", "limit"}, "starts": [{"context", "start", "risk_before",
/// "slope", "curvature", "best_step", "best_risk", "gain"}], "alignment": {"bias", "fluctuation",
/// "initial_risk", "same_context_gain", "fresh_context_gain"}, "more_steps": [{"steps", "start",
/// "same_context", "same_context_scale", "fresh_context", "fresh_context_scale"}]}. A crossing that
/// does not exist is null, and so are "limit" for diagonal covariances ("limit" is k*/d) and
/// "alignment" without them.
report::OrderedJson to_json(const linear::Advice& advice);

}  // namespace sextant::studies::presentation
