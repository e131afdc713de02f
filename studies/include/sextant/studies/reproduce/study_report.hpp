#pragma once

/// A study for people and for machines.

#include <string>

#include "sextant/report/advice_html.hpp"
#include "sextant/studies/reproduce/study.hpp"

namespace sextant::studies::reproduce {

/// Tables for a terminal.
std::string study_text(const StudyResult& result, const report::TerminalStyle& style);

/// A paper's figures, shown apart from ours.
struct Published {
  std::string note;  ///< Model and conditions.
  report::Table table;
  std::string caption;
};

/// Tables, figures and, set apart, the published figures. `model_note` says what the model was
/// trained on.
report::HtmlReport study_html(const report::Heading& heading, const StudyResult& result,
                              const std::string& model_note, const Published& published);

/// Experiment 1 of [W, App. I.5] and the SST-2 study of [W, App. J], both with distilgpt2.
Published published_digit_shift();
Published published_sst2();

/// {"pilot", "horizons": [groups], "subspaces": [..]}
report::OrderedJson to_json(const StudyResult& result);

}  // namespace sextant::studies::reproduce
