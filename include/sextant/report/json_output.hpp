#pragma once

/// Results as JSON for machines. Keys may be added in later versions, never renamed or removed.
///
/// Numbers round-trip; what is not finite is null. Key order is fixed, so equal results give equal
/// text.

#include <string>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/advice/rank_blocks.hpp"
#include "sextant/report/table.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::report {

/// {"n", "rho", "lambda_max", "eigenvalues", "sigma2", "sigma", "benchmark": {"tau2", "sigma2",
/// "lambda_star", "identified"}, "horizons", "evidence", "t_map", "posterior", "bound": {"delta",
/// "reference", "paper", "exact_mgf", "exact_tail"}, "spectral_match": {"t_mu", "horizon_prompt",
/// "horizon_query"}, "queries": [{"correction_map", "correction_average", "correction_bayes",
/// "gap_none", "gap_map", "adapt", "query", "oracle_horizon", "variance_prior",
/// "variance_posterior", "interval", "probability_closer"}], "prompt": {"gap_none", "gap_map",
/// "adapt", "oracle_horizon"}, "posterior_mean", "method": {"name"}, "warnings"}. The values of
/// "bound" are null when there is none. "method" is "decomposition", or "lanczos" with "steps",
/// "probes", "lambda_max_residual", "evidence_error" (of one step), "t_map_low", "t_map_high",
/// "lambda_star_low", "lambda_star_high" and "solve_residual".
OrderedJson to_json(const advice::HorizonChoice& choice);

/// {"method", "sigma2", "tau2", "ranking": [{"block", "layer", "head", "kind", "parameters",
/// "score", "rank"}], "selected", "horizon", "alone", "errors" (of estimates), "queries_used",
/// "stopped", "error":
/// {"none", "selected", "bayes"}, "warnings"}. "head" is null for blocks without heads; "alone" is
/// in the geometry's order.
OrderedJson to_json(const advice::BlockRanking& ranking);

/// {"adapt", "verdict", "reason", "blocks", "horizon", "rho", "gap_none", "gap_planned",
/// "outlook": [{"query", "correction", "interval", "probability_closer"}], "select",
/// "score", "chosen", "explanation", "warnings", "label_scale": [{"factor",
/// "adapt", "verdict"}], "to_do": {"steps", "learning_rate", "loss",
/// "learning_rate_mean", "optimizer", "blocks", "block_scales"}, "comparison": {"error_none",
/// "error_bayes", "chosen", "all", "single"}}: "select" for all blocks, "chosen" the same for those
/// to adapt, "comparison" with {"blocks", "horizon", "rho", "error"} per set. "score", "chosen" and
/// "comparison" are null where the plan has none, "horizon" and "to_do" unless it is to adapt.
OrderedJson to_json(const advice::Plan& plan);

/// {"advice", "queries": [{"base", "linearized", "adapted", "target", "squared_error_base",
/// "squared_error_adapted"}], "prompt": {"residual_norm_before", "residual_norm_after",
/// "residual_norm_predicted"}, "validity": {"deviation", "kernel_drift", "bound", "largest_move"},
/// "update":
/// {"horizon", "rho", "solver", "blocks", "kept", "residual_norms", "residual_norms_predicted"}}.
/// Numbers that nobody knows are null: what only a model can tell, for a geometry alone. Then
/// "update" is null, too.
OrderedJson to_json(const advice::Plan& plan, const ttt::Adaptation& adaptation);

/// The text of a JSON file: two spaces of indentation and a line end. Bytes in names that are not
/// UTF-8 become U+FFFD.
std::string json_text(const OrderedJson& json);

}  // namespace sextant::report
