#pragma once

/// Advice and adaptations for a terminal. Every text ends with a line end and fits `style.width`.

#include <string>
#include <vector>

#include "sextant/report/advice_summary.hpp"

namespace sextant::report {

/// A statement in bold and its facts as a list.
std::string to_terminal(const Summary& summary, const TerminalStyle& style);

/// How far: verdict, key numbers, evidence sketch, queries.
std::string horizon_text(const advice::HorizonChoice& choice, const TerminalStyle& style);

/// Which: statement, head map, the best of the ranking.
std::string ranking_text(const advice::BlockRanking& ranking,
                         const std::vector<geometry::Block>& blocks, const TerminalStyle& style);

/// The whole advice: verdict, evidence sketch of the chosen blocks (of all, if none) and, where it
/// is to adapt, head map, ranking, comparison of sets of blocks, queries.
std::string plan_text(const advice::Plan& plan, const std::vector<geometry::Block>& blocks,
                      const TerminalStyle& style);

/// "To do it": `to_do` as a list; empty unless the plan is to adapt.
std::string to_do_text(const advice::Plan& plan, const ttt::Adaptation* update,
                       const task::EncodedPrompt* prompt, const TerminalStyle& style);

/// The queries as the linear model expects them, where their base predictions are known; else
/// empty.
std::string expectation_text(const ttt::Adaptation& expected, const TerminalStyle& style);

/// What the update did: statement, validity, queries before and after.
std::string adaptation_text(const ttt::Adaptation& adaptation, const TerminalStyle& style);

}  // namespace sextant::report
