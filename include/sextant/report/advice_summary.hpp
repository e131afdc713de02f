#pragma once

/// What advice and adaptations say, in words and tables, for terminal and HTML alike.

#include <string>
#include <vector>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/advice/rank_blocks.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/report/head_map.hpp"
#include "sextant/report/table.hpp"
#include "sextant/task/encoded_prompt.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::report {

/// The answer in one sentence, the facts behind it, and what may be wrong with it.
struct Summary {
  std::string statement = {};
  std::vector<std::string> facts = {};
  std::vector<std::string> warnings = {};
};

/// How far, and whether at all.
Summary summarize(const advice::HorizonChoice& choice);
/// Its facts, without the one that compares gaps with probabilities: a plan has its own, of its
/// outlook.
std::vector<std::string> horizon_facts(const advice::HorizonChoice& choice);
/// Which blocks; `block_count` B of the geometry.
Summary summarize(const advice::BlockRanking& ranking, std::size_t block_count);
/// The whole advice: its reason, which blocks, and the warnings of all steps. The facts of each
/// step are in the step's own summary.
Summary summarize(const advice::Plan& plan);
/// The steps to take, as a list: steps, learning rate and loss, blocks in full, and what does not
/// carry over. Empty unless the plan is to adapt. `prompt` says how predictions are made.
std::vector<std::string> to_do(const advice::Plan& plan, const ttt::Adaptation* update,
                               const task::EncodedPrompt* prompt);
/// What the update did and whether the linear model described it. The words are "held" where the
/// deviation is at most a tenth of the largest change of a prediction, "held roughly" up to
/// a half, else "did not hold".
Summary summarize(const ttt::Adaptation& adaptation);

/// Quantity and value: n, step, largest eigenvalue, variances, horizons, gaps.
Table key_numbers(const advice::HorizonChoice& choice);
/// The same for the choice that decided, with the number of blocks first.
Table key_numbers(const advice::Plan& plan, std::size_t block_count);
/// "How far", and on which blocks where that is not all.
std::string how_far_title(const advice::Plan& plan);
/// Whether any query's base prediction is known.
bool knows_predictions(const ttt::Adaptation& adaptation);
/// The choice that decided: on the chosen blocks, or on all where none are chosen.
const advice::HorizonChoice& deciding(const advice::Plan& plan);
/// One row per query: corrections, gaps, whether the gap falls.
Table query_advice_table(const advice::HorizonChoice& choice,
                         const std::vector<advice::QueryOutlook>& outlook = {});
/// Why a Bayes correction lies outside of its interval in that table; empty where none does.
std::string interval_note(const advice::HorizonChoice& choice,
                          const std::vector<advice::QueryOutlook>& outlook = {});
/// Whether what other sets would give is to be shown: of an update that is advised, and where the
/// evidence is against the chosen set alone.
bool shows_comparison(const advice::Plan& plan);
/// One row per set of blocks: steps, blocks, expected squared error by the model of all blocks.
Table comparison_table(const advice::SetComparison& comparison);
/// What that table does not say: the name of the best single block and, where all blocks or that
/// one have a smaller expected error than the chosen set, why it stands all the same. Empty without
/// a comparison.
std::vector<std::string> comparison_facts(const advice::Plan& plan);
/// One row per ranked block, best first.
Table ranking_table(const advice::BlockRanking& ranking);
/// One row per query: predictions before, expected and, of an update that was made, after; target
/// and squared errors where any is known.
Table outcome_table(const ttt::Adaptation& adaptation);

/// "query-aware score", "expected error", ...: what `RankedBlock::score` holds.
std::string score_name(subspace::Method method);

/// The blocks as maps and charts show them, in the geometry's order. For greedy methods `score` is
/// the criterion after adding the block (NaN for blocks that were not added) and `order` its place;
/// otherwise `score` is the block's own and there is no order.
std::vector<ScoredBlock> scored_blocks(const advice::BlockRanking& ranking,
                                       const std::vector<geometry::Block>& blocks);
/// Whether a map of the blocks shows the order of choice: for greedy methods that chose any block.
/// Otherwise it shows each block by itself.
bool shows_order(const advice::BlockRanking& ranking);
/// Each block by itself, in the geometry's order: its own score, or for `risk` by how much it alone
/// lowers the expected error. `value_name` receives what the score is.
std::vector<ScoredBlock> blocks_alone(const advice::BlockRanking& ranking,
                                      const std::vector<geometry::Block>& blocks,
                                      std::string& value_name);
/// The same blocks with the best score first, which for `trace-bottom` is the lowest.
std::vector<ScoredBlock> best_first(std::vector<ScoredBlock> blocks, subspace::Method method);

}  // namespace sextant::report
