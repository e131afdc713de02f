#pragma once

/// Advice and adaptations as self-contained HTML.

#include <string>
#include <vector>

#include "sextant/report/advice_summary.hpp"
#include "sextant/report/html_report.hpp"
#include "sextant/task/encoded_prompt.hpp"

namespace sextant::report {

/// Title line of a document and how it was made.
struct Heading {
  std::string title = {};
  std::string subtitle = {};  ///< Model and prompt, or geometry file.
  Provenance provenance = {};
};

/// Section "How far": facts, evidence, spectrum with both filters, queries.
/// The queries' intervals and probabilities are those of `outlook` where it has them.
void add_horizon(HtmlReport& report, const advice::HorizonChoice& choice,
                 const std::vector<advice::QueryOutlook>& outlook = {},
                 const std::string& title = "How far");
/// Section "Which blocks": facts, head map, path of the selection, ranking.
void add_ranking(HtmlReport& report, const advice::BlockRanking& ranking,
                 const std::vector<geometry::Block>& blocks);
/// Section "What the update did": facts, queries, residuals.
void add_adaptation(HtmlReport& report, const ttt::Adaptation& adaptation);

/// Whole documents: verdict and key numbers on top, what the update did before what was expected.
/// `blocks` are the geometry's; `adaptation` may be null, or only expected. Where a plan is not to
/// adapt, it shows neither ranking nor corrections; where it is, "To do it" comes last. With the
/// `prompt` of a table they have the sections of `add_table_rows`; it may be null.
std::string horizon_html(const Heading& heading, const advice::HorizonChoice& choice,
                         const task::EncodedPrompt* prompt = nullptr);
std::string ranking_html(const Heading& heading, const advice::BlockRanking& ranking,
                         const std::vector<geometry::Block>& blocks,
                         const task::EncodedPrompt* prompt = nullptr);
std::string plan_html(const Heading& heading, const advice::Plan& plan,
                      const std::vector<geometry::Block>& blocks, const ttt::Adaptation* adaptation,
                      const task::EncodedPrompt* prompt = nullptr);

}  // namespace sextant::report
