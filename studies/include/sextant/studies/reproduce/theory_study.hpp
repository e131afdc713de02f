#pragma once

/// The statements of the theory, each against simulation: what `sextant reproduce bayes-gap`,
/// `horizon`, `necessity`, `evidence-bound`, `subspace`, `linear-transformer` and `validity` print.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "sextant/report/advice_html.hpp"
#include "sextant/report/chart.hpp"
#include "sextant/report/table.hpp"

namespace sextant::studies::reproduce {

struct TheoryOptions {
  int draws = 4000;  ///< Of each simulation, at least 100.
  std::uint64_t seed = 1;
};

/// One statement: what it says, tables and figures, and what was found.
struct TheorySection {
  std::string title;
  std::string statement;                                      ///< With its number in [W].
  std::vector<std::pair<std::string, report::Table>> tables;  ///< Caption and table.
  std::vector<report::Figure> figures;
  std::vector<std::string> findings;
};

struct TheoryStudy {
  std::string title;
  std::vector<TheorySection> sections;
};

/// Bayes gaps of prompt and query filters, and risks without Gaussianity [W, Thm 5.2, E.4, E.5,
/// F.7].
TheoryStudy bayes_gap_study(const TheoryOptions& options);
/// Spectrally matched times, the spread bound, and the Marchenko-Pastur limit [W, App. G].
TheoryStudy horizon_study(const TheoryOptions& options);
/// What no fixed choice can do [W, Props. E.6, E.7, E.9].
TheoryStudy necessity_study(const TheoryOptions& options);
/// Certificates with their coverage, and the calibration of posteriors [W, Thm 7.2, E.11-E.19].
TheoryStudy evidence_bound_study(const TheoryOptions& options);
/// Optimal subspaces against blocks, and the regret of a global design [W, Thm 8.2, E.23-E.25].
TheoryStudy subspace_study(const TheoryOptions& options);
/// Risks of the linear transformer after test-time steps, against drawn data (sextant/linear/).
TheoryStudy linear_transformer_study(const TheoryOptions& options);
/// Deviation from the linear model against rho T on a real model [W, App. F.1]: `prompts` >= 1
/// digit-shift prompts, the first with the options' seed. Throws `InputError` unless `model` holds
/// a decoder for them.
TheoryStudy validity_study(const TheoryOptions& options, const std::filesystem::path& model,
                           int prompts = 20);

/// Tables for a terminal.
std::string theory_text(const TheoryStudy& study, const report::TerminalStyle& style);
report::HtmlReport theory_html(const report::Heading& heading, const TheoryStudy& study);
/// {"sections": [{"title", "statement", "findings", "tables": [{"caption", "rows"}]}]}
report::OrderedJson to_json(const TheoryStudy& study);

}  // namespace sextant::studies::reproduce
