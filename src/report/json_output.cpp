#include "sextant/report/json_output.hpp"

#include <optional>

namespace sextant::report {
namespace {

template <class T>
OrderedJson maybe(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

OrderedJson maybe(const std::optional<double>& value) {
  return value ? finite_or_null(*value) : OrderedJson();
}

OrderedJson numbers(const Eigen::VectorXd& values) {
  OrderedJson list = OrderedJson::array();
  for (const double value : values) list.push_back(finite_or_null(value));
  return list;
}

OrderedJson numbers(const std::vector<double>& values) {
  OrderedJson list = OrderedJson::array();
  for (const double value : values) list.push_back(finite_or_null(value));
  return list;
}

OrderedJson interval_json(const evidence::CredibleInterval& interval) {
  return OrderedJson::array({finite_or_null(interval.low), finite_or_null(interval.high)});
}

OrderedJson query_json(const advice::QueryAdvice& query) {
  OrderedJson json;
  json["correction_map"] = finite_or_null(query.correction_map);
  json["correction_average"] = finite_or_null(query.correction_average);
  json["correction_bayes"] = finite_or_null(query.correction_bayes);
  json["gap_none"] = finite_or_null(query.gap_none);
  json["gap_map"] = finite_or_null(query.gap_map);
  json["adapt"] = query.adapt;
  json["query"] = query.query;
  json["oracle_horizon"] = query.oracle_horizon;
  json["variance_prior"] = finite_or_null(query.variance_prior);
  json["variance_posterior"] = finite_or_null(query.variance_posterior);
  json["interval"] = query.interval ? interval_json(*query.interval) : OrderedJson();
  json["probability_closer"] = maybe(query.probability_closer);
  return json;
}

OrderedJson outlook_json(const advice::QueryOutlook& query) {
  return {{"query", query.query},
          {"correction", finite_or_null(query.correction)},
          {"interval", interval_json(query.interval)},
          {"probability_closer", finite_or_null(query.probability_closer)}};
}

/// Without residuals there is no evidence to bound: the radii are null.
OrderedJson bound_json(const std::optional<advice::Bound>& bound) {
  OrderedJson json;
  if (!bound) {
    for (const char* key : {"delta", "reference", "paper", "exact_mgf", "exact_tail"}) {
      json[key] = nullptr;
    }
    return json;
  }
  json["delta"] = finite_or_null(bound->delta);
  json["reference"] = advice::name_of(bound->reference);
  json["paper"] = finite_or_null(bound->paper);
  json["exact_mgf"] = finite_or_null(bound->exact_mgf);
  json["exact_tail"] = finite_or_null(bound->exact_tail);
  return json;
}

OrderedJson method_json(const std::optional<advice::ProductAccuracy>& products) {
  if (!products) return {{"name", "decomposition"}};
  return {{"name", "lanczos"},
          {"steps", products->steps},
          {"probes", products->probes},
          {"lambda_max_residual", finite_or_null(products->lambda_max_residual)},
          {"evidence_error", finite_or_null(products->evidence_error)},
          {"t_map_low", products->t_map_low},
          {"t_map_high", products->t_map_high},
          {"lambda_star_low", finite_or_null(products->lambda_star_low)},
          {"lambda_star_high", finite_or_null(products->lambda_star_high)},
          {"solve_residual", finite_or_null(products->solve_residual)}};
}

OrderedJson match_json(const advice::HorizonMatch& match) {
  OrderedJson json;
  json["t_mu"] = finite_or_null(match.t_mu);
  json["horizon_prompt"] = maybe(match.horizon_prompt);
  json["horizon_query"] = OrderedJson::array();
  for (const auto& horizon : match.horizon_query) json["horizon_query"].push_back(maybe(horizon));
  return json;
}

OrderedJson recipe_json(const advice::Recipe& recipe) {
  return {{"steps", recipe.steps},
          {"learning_rate", finite_or_null(recipe.learning_rate)},
          {"loss", "1/2 sum (y - f)^2"},
          {"learning_rate_mean", finite_or_null(recipe.learning_rate_mean)},
          {"optimizer", "gradient descent"},
          {"blocks", recipe.blocks},
          {"block_scales", OrderedJson(recipe.block_scales)}};
}

OrderedJson set_json(const advice::SetOutlook& set) {
  return {{"blocks", set.block_names},
          {"horizon", set.horizon},
          {"rho", finite_or_null(set.rho)},
          {"error", finite_or_null(set.error)}};
}

OrderedJson comparison_json(const advice::SetComparison& comparison) {
  return {{"error_none", finite_or_null(comparison.error_none)},
          {"error_bayes", finite_or_null(comparison.error_bayes)},
          {"chosen", set_json(comparison.chosen)},
          {"all", set_json(comparison.all)},
          {"single", set_json(comparison.single)}};
}

OrderedJson outcome_json(const ttt::QueryOutcome& query) {
  OrderedJson json;
  json["base"] = finite_or_null(query.base);
  json["linearized"] = finite_or_null(query.linearized);
  json["adapted"] = finite_or_null(query.adapted);
  json["target"] = maybe(query.target);
  json["squared_error_base"] = maybe(query.squared_error_base);
  json["squared_error_adapted"] = maybe(query.squared_error_adapted);
  json["query"] = query.query;
  return json;
}

std::string solver_text(const ttt::Adaptation& adaptation) {
  switch (*adaptation.solver) {
    case ttt::Solver::steps:
      return "steps";
    case ttt::Solver::one_shot:
      return "one-shot";
    case ttt::Solver::low_rank:
      break;
  }
  return fmt::format("rank-{}", adaptation.rank);
}

void add_adaptation(const ttt::Adaptation& adaptation, OrderedJson& json) {
  for (const auto& query : adaptation.queries) json["queries"].push_back(outcome_json(query));
  OrderedJson prompt;
  prompt["residual_norm_before"] = finite_or_null(adaptation.prompt.residual_norm_before);
  prompt["residual_norm_after"] = finite_or_null(adaptation.prompt.residual_norm_after);
  prompt["residual_norm_predicted"] = finite_or_null(adaptation.prompt.residual_norm_predicted);
  json["prompt"] = std::move(prompt);
  OrderedJson validity;
  validity["deviation"] = finite_or_null(adaptation.validity.deviation);
  validity["kernel_drift"] = finite_or_null(adaptation.validity.kernel_drift);
  validity["bound"] = finite_or_null(adaptation.validity.bound);
  validity["largest_move"] = finite_or_null(adaptation.validity.largest_move);
  json["validity"] = std::move(validity);
  if (!adaptation.is_measured()) {
    json["update"] = nullptr;
    return;
  }
  OrderedJson update;
  update["horizon"] = adaptation.horizon;
  update["rho"] = finite_or_null(adaptation.rho);
  update["solver"] = solver_text(adaptation);
  update["blocks"] = adaptation.blocks;
  update["kept"] = adaptation.is_kept();
  update["residual_norms"] = numbers(adaptation.residual_norms);
  update["residual_norms_predicted"] = numbers(adaptation.residual_norms_predicted);
  json["update"] = std::move(update);
}

}  // namespace

OrderedJson to_json(const advice::HorizonChoice& choice) {
  OrderedJson json;
  json["n"] = choice.n;
  json["rho"] = finite_or_null(choice.rho);
  json["lambda_max"] = finite_or_null(choice.lambda_max);
  json["eigenvalues"] = numbers(choice.system.values);
  json["sigma2"] = finite_or_null(choice.sigma2);
  json["sigma"] = advice::name_of(choice.sigma2_rule);
  json["benchmark"]["tau2"] = finite_or_null(choice.benchmark.tau2);
  json["benchmark"]["sigma2"] = finite_or_null(choice.benchmark.sigma2);
  const bool identified = choice.identifies_lambda_star();
  json["benchmark"]["lambda_star"] =
      identified ? finite_or_null(choice.lambda_star) : OrderedJson();
  json["benchmark"]["identified"] = identified;
  json["horizons"] = choice.curve.horizons;
  json["evidence"] = numbers(choice.curve.values);
  json["t_map"] = choice.t_map;
  json["posterior"] = numbers(choice.posterior.weights);
  json["bound"] = bound_json(choice.bound);
  json["spectral_match"] = match_json(choice.spectral_match);
  json["queries"] = OrderedJson::array();
  for (const auto& query : choice.queries) json["queries"].push_back(query_json(query));
  json["prompt"]["gap_none"] = finite_or_null(choice.prompt.none);
  json["prompt"]["gap_map"] = finite_or_null(choice.prompt.map);
  json["prompt"]["adapt"] = choice.prompt.adapt;
  json["prompt"]["oracle_horizon"] = choice.oracle_horizon_prompt;
  json["posterior_mean"] = finite_or_null(choice.posterior.mean);
  json["method"] = method_json(choice.products);
  json["warnings"] = choice.warnings;
  return json;
}

OrderedJson to_json(const advice::BlockRanking& ranking) {
  OrderedJson json;
  json["method"] = subspace::name_of(ranking.method);
  json["sigma2"] = finite_or_null(ranking.sigma2);
  json["tau2"] = finite_or_null(ranking.tau2);
  json["ranking"] = OrderedJson::array();
  for (const auto& ranked : ranking.blocks) {
    const geometry::Block& block = ranked.block;
    OrderedJson entry;
    entry["block"] = block.name;
    entry["layer"] = block.layer;
    entry["head"] = maybe(block.head);
    entry["kind"] = block.kind;
    entry["parameters"] = block.parameters;
    entry["score"] = finite_or_null(ranked.score);
    entry["rank"] = ranked.rank;
    json["ranking"].push_back(std::move(entry));
  }
  json["selected"] = ranking.selected;
  json["horizon"] = ranking.horizon;
  json["against_evidence"] = ranking.against_evidence;
  json["alone"] = numbers(ranking.alone);
  json["errors"] = numbers(ranking.errors);
  json["queries_used"] = advice::name_of(ranking.queries_used);
  json["stopped"] = ranking.stopped;
  json["error"]["none"] = finite_or_null(ranking.error_none);
  json["error"]["selected"] = finite_or_null(ranking.error_selected);
  json["error"]["bayes"] = finite_or_null(ranking.error_bayes);
  json["warnings"] = ranking.warnings;
  return json;
}

OrderedJson to_json(const advice::Plan& plan) {
  OrderedJson json;
  json["adapt"] = plan.adapt;
  json["verdict"] = advice::name_of(plan.verdict);
  json["reason"] = plan.reason;
  json["blocks"] = plan.block_names;
  json["horizon"] = plan.adapt ? OrderedJson(plan.horizon) : OrderedJson();
  json["rho"] = finite_or_null(plan.rho);
  json["gap_none"] = finite_or_null(plan.gap_none);
  json["gap_planned"] = finite_or_null(plan.gap_planned);
  json["outlook"] = OrderedJson::array();
  for (const auto& query : plan.outlook) json["outlook"].push_back(outlook_json(query));
  json["select"] = to_json(plan.whole);
  json["score"] = plan.ranking ? to_json(*plan.ranking) : OrderedJson();
  json["chosen"] = plan.chosen ? to_json(*plan.chosen) : OrderedJson();
  json["explanation"] = plan.explanation;
  json["warnings"] = plan.warnings;
  json["label_scale"] = OrderedJson::array();
  for (const auto& scaled : plan.scaled) {
    json["label_scale"].push_back({{"factor", scaled.factor},
                                   {"adapt", scaled.verdict == advice::Verdict::adapt},
                                   {"verdict", advice::name_of(scaled.verdict)}});
  }
  json["to_do"] = plan.recipe ? recipe_json(*plan.recipe) : OrderedJson();
  json["comparison"] = plan.comparison ? comparison_json(*plan.comparison) : OrderedJson();
  return json;
}

OrderedJson to_json(const advice::Plan& plan, const ttt::Adaptation& adaptation) {
  OrderedJson json;
  json["advice"] = to_json(plan);
  json["queries"] = OrderedJson::array();
  add_adaptation(adaptation, json);
  return json;
}

std::string json_text(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace sextant::report
