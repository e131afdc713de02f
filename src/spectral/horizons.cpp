#include "sextant/spectral/horizons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "check_lambda_star.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/grid_minimum.hpp"

namespace sextant::spectral {
namespace {

using Vector = Eigen::Ref<const Eigen::VectorXd>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double points_per_decade = 24;

/// log(1 + l/lambda_star) for 0 < lambda_star < infinity, also where the quotient overflows.
double log_one_plus_ratio(double l, double lambda_star) {
  const double ratio = l / lambda_star;
  return std::isfinite(ratio) ? std::log1p(ratio) : std::log(l) - std::log(lambda_star);
}

double matched_time(double l, double lambda_star) {
  if (std::isinf(lambda_star)) return 0.0;
  if (lambda_star == 0) return infinity;
  // Below this ratio log1p(x)/x is 1 to the last bit, and l itself may be 0 or denormal.
  return l < 1e-17 * lambda_star ? 1 / lambda_star : log_one_plus_ratio(l, lambda_star) / l;
}

/// The step at which T steps of gradient descent treat l exactly as the Bayes filter does:
/// (1 - rho l)^T = lambda_star/(l + lambda_star).
double matched_step(double l, double lambda_star, double horizon) {
  if (std::isinf(lambda_star)) return 0.0;
  if (lambda_star == 0) return 1 / l;
  if (l < 1e-17 * lambda_star) return 1 / (lambda_star * horizon);
  return -std::expm1(-log_one_plus_ratio(l, lambda_star) / horizon) / l;
}

/// Smallest and largest of `matched(l)` over the modes that move the gap. In prompt form a zero
/// eigenvalue does not, whatever its weight. Empty when no mode does.
struct Range {
  double low;
  double high;
};
std::optional<Range> matched_range(const Vector& values, const GapWeights& weights,
                                   const std::function<double(double)>& matched) {
  Range range{infinity, 0.0};
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    if (weights.a[i] == 0 || (weights.form == FilterForm::prompt && values[i] == 0)) continue;
    const double value = matched(values[i]);
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  if (range.low > range.high) return std::nullopt;
  return range;
}

Eigen::VectorXd descent_filter(const Vector& values, FilterForm form, double rho,
                               std::int64_t horizon) {
  return form == FilterForm::prompt ? gd_prompt_filter(values, rho, horizon)
                                    : gd_query_filter(values, rho, horizon);
}

}  // namespace

Eigen::VectorXd per_mode_times(const Vector& values, double lambda_star) {
  check_lambda_star("per_mode_times", lambda_star);
  Eigen::VectorXd times(values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    check_not_negative("per_mode_times", "values", values[i]);
    times[i] = matched_time(values[i], lambda_star);
  }
  return times;
}

std::optional<std::int64_t> horizon_for_time(double time, double rho) {
  check_not_negative("horizon_for_time", "rho", rho);
  if (!(time >= 0)) {
    throw ArgumentError("horizon_for_time", "time",
                        fmt::format("is {}, expected 0 or more (infinity included)", time));
  }
  if (rho == 0) return 0;
  const double nearest = std::floor(time / rho + 0.5);
  constexpr double largest = 9007199254740992.0;  // 2^53
  if (!(nearest <= largest)) return std::nullopt;
  return static_cast<std::int64_t>(nearest);
}

SpectralMatch match_at_mean(const Vector& values, const Vector& a, double lambda_star, double rho) {
  check_lambda_star("match_at_mean", lambda_star);
  check_size("match_at_mean", "a", a.size(), values.size());
  for (Eigen::Index i = 0; i < a.size(); ++i) check_not_negative("match_at_mean", "a", a[i]);
  SpectralMatch match;
  const double heaviest = a.size() == 0 ? 0.0 : a.maxCoeff();
  if (heaviest > 0) {
    const Eigen::VectorXd share = a / heaviest;
    match.mean_eigenvalue = share.dot(values) / share.sum();
    match.time = matched_time(match.mean_eigenvalue, lambda_star);
  }
  match.horizon = horizon_for_time(match.time, rho);
  return match;
}

OracleHorizon oracle_horizon(const Vector& values, const GapWeights& weights, double lambda_star,
                             double rho, std::span<const std::int64_t> horizons) {
  return oracle_horizons(values, std::span(&weights, 1), lambda_star, rho, horizons).front();
}

std::vector<OracleHorizon> oracle_horizons(const Vector& values,
                                           std::span<const GapWeights> weights, double lambda_star,
                                           double rho, std::span<const std::int64_t> horizons) {
  if (horizons.empty()) {
    throw ArgumentError("oracle_horizon", "horizons", "is empty, expected at least one");
  }
  if (weights.empty()) return {};
  const FilterForm form = weights.front().form;
  for (const GapWeights& one : weights) {
    check_size("oracle_horizon", "weights", one.a.size(), values.size());
    if (one.form != form) throw ArgumentError("oracle_horizon", "weights", "mixes filter forms");
  }
  const Eigen::VectorXd bayes = form == FilterForm::prompt
                                    ? bayes_prompt_filter(values, lambda_star)
                                    : bayes_query_filter(values, lambda_star);
  std::vector<OracleHorizon> results(weights.size());
  for (OracleHorizon& result : results) {
    result.gap = infinity;
    result.gaps.resize(static_cast<Eigen::Index>(horizons.size()));
  }
  const auto [smallest, largest] = std::minmax_element(horizons.begin(), horizons.end());
  for (std::size_t j = 0; j < horizons.size(); ++j) {
    const Eigen::VectorXd squares =
        (descent_filter(values, form, rho, horizons[j]) - bayes).cwiseAbs2();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      OracleHorizon& result = results[i];
      const double gap = weights[i].a.dot(squares);
      result.gaps[static_cast<Eigen::Index>(j)] = gap;
      if (gap < result.gap || (gap == result.gap && horizons[j] < result.horizon)) {
        result.gap = gap;
        result.horizon = horizons[j];
      }
    }
  }
  for (OracleHorizon& result : results) {
    result.at_lower_edge = result.horizon == *smallest;
    result.at_upper_edge = result.horizon == *largest;
  }
  return results;
}

OracleValue oracle_time(const Vector& values, const GapWeights& weights, double lambda_star) {
  check_lambda_star("oracle_time", lambda_star);
  check_size("oracle_time", "weights", weights.a.size(), values.size());
  const auto gap = [&](double time) {
    return bayes_gap(values, weights, lambda_star,
                     weights.form == FilterForm::prompt ? flow_prompt_filter(values, time)
                                                        : flow_query_filter(values, time));
  };
  const auto range =
      matched_range(values, weights, [&](double l) { return matched_time(l, lambda_star); });
  if (!range || range->high == 0) return {0.0, gap(0.0), false, 0};
  if (std::isinf(range->high)) return {infinity, 0.0, true, 0};
  const GridMinimum minimum = minimise_on_log_grid(
      gap, range->low, range->high, log_grid_points(range->low, range->high, points_per_decade));
  return {minimum.argument, minimum.value, false, minimum.local_minima};
}

OracleValue oracle_step(const Vector& values, const GapWeights& weights, double lambda_star,
                        std::int64_t horizon) {
  check_lambda_star("oracle_step", lambda_star);
  check_size("oracle_step", "weights", weights.a.size(), values.size());
  if (horizon < 1) {
    throw ArgumentError("oracle_step", "horizon",
                        fmt::format("is {}, expected at least 1", horizon));
  }
  const auto gap = [&](double rho) {
    return bayes_gap(values, weights, lambda_star,
                     descent_filter(values, weights.form, rho, horizon));
  };
  const double lambda_max = values.size() == 0 ? 0.0 : values.maxCoeff();
  const auto steps = static_cast<double>(horizon);
  const auto range =
      matched_range(values, weights, [&](double l) { return matched_step(l, lambda_star, steps); });
  if (lambda_max == 0 || !range || range->high == 0) {
    return {0.0, bayes_gap(values, weights, lambda_star, Eigen::VectorXd::Zero(values.size())),
            false, 0};
  }
  const double end = (1 - 1e-9) / lambda_max;
  const double low = std::min(range->low, end);
  const double high = std::min(range->high, end);
  const GridMinimum minimum =
      minimise_on_log_grid(gap, low, high, log_grid_points(low, high, points_per_decade));
  return {minimum.argument, minimum.value, range->high > end && minimum.argument == high,
          minimum.local_minima};
}

}  // namespace sextant::spectral
