#pragma once

/// The steps of `choose_horizon` that others take too: its path from products, and plans.

#include <Eigen/Core>
#include <optional>
#include <span>
#include <string_view>

#include "sextant/advice/choose_horizon.hpp"
#include "sextant/spectral/gaps.hpp"

namespace sextant::advice {

/// `choose_horizon` as a part of something larger, which tells of tokenwise learning rates and of
/// errors beyond the labels' range itself.
HorizonChoice choose_horizon_as_part(const geometry::PromptGeometry& geometry,
                                     std::span<const Eigen::Index> blocks,
                                     const HorizonOptions& options);

/// The horizons to choose among.
inline std::vector<std::int64_t> candidates(const HorizonOptions& options) {
  return options.horizons.empty() ? default_horizons() : options.horizons;
}

/// The fit of whichever variances `options` leaves open; empty where both are given. `data` is what
/// the fits take: eigenvalues and rotated residuals, or a `ResidualSpectrum`.
template <class... Data>
std::optional<evidence::BenchmarkFit> fitted(const HorizonOptions& options, const Data&... data) {
  if (options.sigma2.rule == evidence::Sigma2Rule::fixed) {
    if (options.tau2) return std::nullopt;
    return evidence::fit_tau2(data..., options.sigma2.value);
  }
  if (options.tau2) return evidence::fit_sigma2(data..., *options.tau2);
  return evidence::fit_benchmark(data...);
}

/// Throws `ArgumentError` for a negative tau2, a fixed sigma2 that is not positive and a horizon
/// beyond `largest_horizon`.
void check_options(const HorizonOptions& options);

/// Sets benchmark, fit and lambda_star. Without a fit they are those of `options`.
void take_benchmark(std::optional<evidence::BenchmarkFit> fit, const HorizonOptions& options,
                    HorizonChoice& result);

/// Sets the curve and what follows from it alone: T_MAP, sigma2 and the posterior over horizons.
void take_curve(evidence::EvidenceCurve curve, const HorizonOptions& options,
                HorizonChoice& result);

/// The prompt's gaps, oracle horizon and spectral match from weighted eigenvalues or nodes of K.
void judge_prompt(const Eigen::VectorXd& values, const spectral::GapWeights& weights,
                  HorizonChoice& result);

/// Warns, once and where nothing else was said of couplings, where the prompt would explain more of
/// a query than there is of it: k' (K + d I)^-1 k > kappa by more than 1e-2 for
/// d = 1e-4 lambda_max. Arguments as in `judge_query`; d keeps rounding out of it. From a
/// quadrature of k(x) the left side is a lower bound, so that there is no false alarm.
void warn_if_overexplained(Eigen::Index query, const Eigen::VectorXd& values,
                           const Eigen::VectorXd& rotated_coupling, double variance,
                           HorizonChoice& result);

/// A query's gaps, variances and spectral match. `rotated_coupling`: kt, or the roots of the
/// quadrature weights of k(x) at the nodes `values`; `variance`: kappa(x); `map_filter`: the query
/// filter of T_MAP at `values`.
QueryAdvice judge_query(const Eigen::VectorXd& values, const Eigen::VectorXd& rotated_coupling,
                        double variance, const spectral::GapWeights& weights,
                        const Eigen::VectorXd& map_filter, HorizonChoice& result);

/// Warns of a zero kernel or of zero residuals; false then, because nothing else is worth saying.
bool has_something_to_learn(HorizonChoice& result);

inline constexpr std::string_view without_zero =
    "T = 0, no update, is not among the candidates: the evidence cannot speak against adapting.";

/// Warns where T = 0 is not among the candidates, so that the evidence cannot be against adapting.
void warn_without_zero(HorizonChoice& result);

/// Warns where the likelihood does not identify lambda_star.
void warn_of_flat_likelihood(HorizonChoice& result);

/// Warns when T_MAP is the largest of several candidates.
void warn_at_last_horizon(HorizonChoice& result);

}  // namespace sextant::advice
