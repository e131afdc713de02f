#include "horizon_steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::advice {

using Eigen::VectorXd;

void check_options(const HorizonOptions& options) {
  constexpr std::string_view here = "choose_horizon";
  if (options.tau2) check_not_negative(here, "tau2", *options.tau2);
  if (options.sigma2.rule == evidence::Sigma2Rule::fixed) {
    check_positive(here, "sigma2", options.sigma2.value);
  } else if (options.sigma2.value != 0) {
    throw ArgumentError(
        here, "sigma2",
        fmt::format("is given as {:g}, which only the rule fixed takes", options.sigma2.value));
  }
  for (const std::int64_t horizon : options.horizons) {
    if (horizon >= 0 && horizon <= largest_horizon) continue;
    throw ArgumentError(here, "horizons",
                        fmt::format("has {}, expected 0 to {}", horizon, largest_horizon));
  }
}

void take_benchmark(std::optional<evidence::BenchmarkFit> fit, const HorizonOptions& options,
                    HorizonChoice& result) {
  if (fit) {
    result.benchmark = fit->benchmark;
    result.lambda_star = fit->lambda_star;
  } else {
    result.benchmark = {*options.tau2, options.sigma2.value};
    result.lambda_star = result.benchmark.lambda_star();
  }
  result.fit = fit;
}

void take_curve(evidence::EvidenceCurve curve, const HorizonOptions& options,
                HorizonChoice& result) {
  result.curve = std::move(curve);
  result.t_map = result.lambda_max > 0 ? result.curve.t_map : 0;
  result.sigma2_rule = options.sigma2.rule;
  result.sigma2 = result.curve.sigma2[result.curve.map_index];
  result.posterior = evidence::gibbs_posterior(result.curve);
}

void judge_prompt(const VectorXd& values, const spectral::GapWeights& weights,
                  HorizonChoice& result) {
  const spectral::AdaptationGap gap =
      spectral::adaptation_gap(values, weights, result.lambda_star,
                               spectral::gd_prompt_filter(values, result.rho, result.t_map));
  result.prompt = {gap.none, gap.adapted, gap.adapt};
  result.oracle_horizon_prompt = spectral::oracle_horizon(values, weights, result.lambda_star,
                                                          result.rho, result.curve.horizons)
                                     .horizon;
  const spectral::SpectralMatch match =
      spectral::match_at_mean(values, weights.a, result.lambda_star, result.rho);
  result.spectral_match.t_mu = match.time;
  result.spectral_match.horizon_prompt = match.horizon;
}

void warn_if_overexplained(Eigen::Index query, const VectorXd& values,
                           const VectorXd& rotated_coupling, double variance,
                           HorizonChoice& result) {
  constexpr double tolerance = 1e-2;
  const double largest = values.size() == 0 ? 0.0 : values.maxCoeff();
  if (!(largest > 0)) return;
  const double explained =
      (rotated_coupling.array().square() / (values.array() + 1e-4 * largest)).sum();
  if (explained <= variance * (1 + tolerance) || !result.couplings_fit) return;
  result.couplings_fit = false;
  result.warnings.push_back(fmt::format(
      "The couplings of query {} explain {:.6g} of its variance {:.6g}: kernels, couplings and "
      "variances are not products of one set of gradients, or not in one unit, and gaps, "
      "intervals and expected errors are unreliable (they may be negative).",
      query, explained, variance));
}

QueryAdvice judge_query(const VectorXd& values, const VectorXd& rotated_coupling, double variance,
                        const spectral::GapWeights& weights, const VectorXd& map_filter,
                        HorizonChoice& result) {
  QueryAdvice advice;
  const spectral::AdaptationGap gap =
      spectral::adaptation_gap(values, weights, result.lambda_star, map_filter);
  advice.gap_none = gap.none;
  advice.gap_map = gap.adapted;
  advice.adapt = gap.adapt;
  const spectral::QueryVariance variances =
      spectral::query_variance(values, rotated_coupling, variance, result.benchmark);
  advice.variance_prior = variances.prior;
  advice.variance_posterior = variances.posterior;
  result.spectral_match.horizon_query.push_back(
      spectral::match_at_mean(values, weights.a, result.lambda_star, result.rho).horizon);
  return advice;
}

bool has_something_to_learn(HorizonChoice& result) {
  if (result.lambda_max == 0) {
    result.warnings.emplace_back(
        "The kernel is zero: the chosen blocks cannot move any prediction.");
    return false;
  }
  if (result.curve.zero_residuals) {
    result.warnings.emplace_back("All residuals are zero: there is nothing to learn from.");
    return false;
  }
  return true;
}

void warn_at_last_horizon(HorizonChoice& result) {
  if (result.curve.at_upper_edge && result.curve.horizons.size() > 1) {
    result.warnings.push_back(fmt::format(
        "T_MAP = {} is the largest candidate: more steps may be better.", result.t_map));
  }
}

void warn_without_zero(HorizonChoice& result) {
  if (std::ranges::find(result.curve.horizons, 0) != result.curve.horizons.end()) return;
  result.warnings.emplace_back(without_zero);
}

void warn_of_flat_likelihood(HorizonChoice& result) {
  if (result.identifies_lambda_star()) return;
  result.warnings.emplace_back(
      "lambda_star is not identified: every ratio of noise to signal explains these residuals "
      "equally well (one example, or a kernel nearly proportional to the identity). Gaps and "
      "expected errors assume equal shares; give sigma2 and tau2 (the prior's scale) where you "
      "know them.");
}

}  // namespace sextant::advice
