#pragma once

/// The study on the Gaussian benchmark, for people and for machines.

#include <string>
#include <vector>

#include "sextant/report/advice_html.hpp"
#include "sextant/studies/reproduce/gaussian_study.hpp"

namespace sextant::studies::reproduce {

/// One sentence per claim of theory Secs. 5 and 7 that the study tests, saying what was found at
/// the 5% level after Holm's correction.
std::vector<std::string> findings(const GaussianResult& result);

/// Tables for a terminal, with the findings.
std::string gaussian_text(const GaussianResult& result, const report::TerminalStyle& style);
/// Tables and figures, with the findings.
report::HtmlReport gaussian_html(const report::Heading& heading, const GaussianResult& result);
/// {"findings", "spectra": [{"examples", "parameters", "decay", and the group}], "heads":
/// [{"most_parameters", "scale_spread", "coupling_spread", "horizon", "rules": [..]}]}
report::OrderedJson to_json(const GaussianResult& result);

}  // namespace sextant::studies::reproduce
