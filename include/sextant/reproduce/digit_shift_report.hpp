#pragma once

/// The digit-shift experiments for people and for machines.

#include <string>

#include "sextant/report/advice_html.hpp"
#include "sextant/reproduce/digit_shift.hpp"

namespace sextant::reproduce {

/// Tables for a terminal.
std::string digit_shift_text(const DigitShiftResult& result, const report::TerminalStyle& style);

/// Tables, figures and, set apart, the published figures. `model_note` says what the model was
/// trained on.
std::string digit_shift_html(const report::Heading& heading, const DigitShiftResult& result,
                             const std::string& model_note);

/// {"pilot", "horizons": [groups], "subspaces": [..]}
report::OrderedJson to_json(const DigitShiftResult& result);

}  // namespace sextant::reproduce
