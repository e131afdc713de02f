#include "sextant/evidence/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::evidence {
namespace {

using Vector = Eigen::Ref<const Eigen::VectorXd>;

/// Differences of l_T below this are rounding, and far below any statistical meaning.
constexpr double tie = 1e-13;

/// sum_i exp(T rate_i) weight_i for many T, rates at most 0.
/// T = block * high + low splits the exponential, so that a contiguous list of horizons needs about
/// |list|/block + block vectors of exponentials, and one dot product per horizon.
class DecaySums {
 public:
  DecaySums(Eigen::VectorXd rates, Eigen::VectorXd weights)
      : rates_(std::move(rates)), weights_(std::move(weights)), high_weights_(weights_) {}

  double at(std::int64_t horizon) {
    const std::int64_t high = horizon / block;
    if (high != high_) {
      high_weights_ = decayed(static_cast<double>(high * block)).cwiseProduct(weights_);
      // Denormal products cost a hundred times more than others and change nothing.
      constexpr double smallest = std::numeric_limits<double>::min();
      high_weights_ = (high_weights_.array() < smallest).select(0.0, high_weights_);
      high_ = high;
    }
    const auto low = static_cast<std::size_t>(horizon % block);
    if (low_[low].size() == 0) low_[low] = decayed(static_cast<double>(low));
    return high_weights_.dot(low_[low]);
  }

 private:
  static constexpr std::int64_t block = 128;

  Eigen::VectorXd decayed(double time) const {
    Eigen::VectorXd result(rates_.size());
    for (Eigen::Index i = 0; i < rates_.size(); ++i) result[i] = std::exp(time * rates_[i]);
    return result;
  }

  Eigen::VectorXd rates_;
  Eigen::VectorXd weights_;
  Eigen::VectorXd high_weights_;
  std::int64_t high_ = 0;
  std::vector<Eigen::VectorXd> low_ = std::vector<Eigen::VectorXd>(block);
};

/// l_T with the residuals measured in `unit`, so that no square can overflow and the tie tolerance
/// is free of the caller's units: l_T = normalised(T) + log(unit).
class Evidence {
 public:
  /// `magnitudes` are |rt|, or the roots of energies; `log_determinant` is that of a spectrum which
  /// is not given completely.
  Evidence(const Vector& nodes, const Vector& magnitudes, double examples,
           std::optional<double> log_determinant, double rho, Sigma2Choice choice)
      : n_(examples), rule_(choice.rule), given_(choice.value) {
    const double largest = magnitudes.cwiseAbs().maxCoeff();
    zero_ = largest == 0 && rule_ != Sigma2Rule::fixed;
    unit_ = rule_ == Sigma2Rule::fixed ? std::sqrt(choice.value) : largest;
    if (zero_) unit_ = 1;
    squares_ = (magnitudes / unit_).cwiseAbs2();
    rates_ = (-rho * nodes.array()).log1p().matrix();
    if (log_determinant) mean_rate_ = *log_determinant / n_;
    determinant_ = -mean_rate(0);
    rounding_ = 16 * std::numeric_limits<double>::epsilon() * rates_.cwiseAbs().maxCoeff();
    variance_ = rule_ == Sigma2Rule::fixed ? 1.0 : squares_.sum() / n_;
    if (rule_ == Sigma2Rule::profile && !zero_) prepare_profile();
  }

  bool zero_residuals() const { return zero_; }
  double log_unit() const { return std::log(unit_); }

  DecaySums sums() const { return {rates_, squares_}; }

  /// From the sum that `sums()` gives for T.
  double normalised(std::int64_t horizon, double sum) const {
    const auto steps = static_cast<double>(horizon);
    if (zero_) return steps * determinant_ / 2;
    if (rule_ == Sigma2Rule::profile) return (std::log(sum / n_) + steps * determinant_ + 1) / 2;
    return (std::log(variance_) + steps * determinant_ + sum / (n_ * variance_)) / 2;
  }

  double sigma2(std::int64_t horizon, double sum) const {
    if (zero_) return 0;
    if (rule_ == Sigma2Rule::fixed) return given_;
    if (rule_ == Sigma2Rule::plug_in) return variance_ * unit_ * unit_;
    return sum / n_ * std::exp(static_cast<double>(horizon) * shift_) * unit_ * unit_;
  }

  /// Whether l_T does not fall (beyond rounding) from T to T + 1, without subtracting evidences.
  bool rises(std::int64_t horizon) const {
    if (zero_) return true;
    const Eigen::ArrayXd decayed =
        (static_cast<double>(horizon) * rates_.array()).exp() * squares_.array();
    const double fall = -(decayed * rates_.array().expm1()).sum();
    if (rule_ != Sigma2Rule::profile) return determinant_ + rounding_ >= fall / (n_ * variance_);
    return determinant_ + rounding_ >= -std::log1p(-fall / decayed.sum());
  }

  /// Whether l_T falls for ever: the slope's limit for large T is negative (beyond rounding).
  bool falls_for_ever() const {
    return rule_ == Sigma2Rule::profile && !zero_ && determinant_ < -rounding_;
  }

 private:
  /// Mean of log(1 - rho l) - shift over all n eigenvalues.
  double mean_rate(double shift) const {
    return mean_rate_ ? *mean_rate_ - shift : (rates_.array() - shift).mean();
  }

  /// Measures all rates from the slowest one that the residuals have a part in, so that the sum
  /// under the logarithm neither underflows nor hides the cancellation with the determinant.
  void prepare_profile() {
    shift_ = -std::numeric_limits<double>::infinity();
    for (Eigen::Index i = 0; i < rates_.size(); ++i) {
      if (squares_[i] < std::numeric_limits<double>::min()) squares_[i] = 0;
      if (squares_[i] > 0) shift_ = std::max(shift_, rates_[i]);
    }
    determinant_ = -mean_rate(shift_);
    // Faster growth than the shift only happens where there is no residual.
    rates_ = (rates_.array() - shift_).cwiseMin(0.0);
  }

  double n_;
  std::optional<double> mean_rate_;  // empty: the rates are those of all n eigenvalues
  Sigma2Rule rule_;
  double given_;
  bool zero_ = false;
  double unit_ = 1;
  Eigen::VectorXd squares_;
  Eigen::VectorXd rates_;   // log(1 - rho l), minus `shift_`
  double shift_ = 0;        // 0 unless the variance is profiled
  double determinant_ = 0;  // minus the mean of log(1 - rho l) - shift_
  double rounding_ = 0;     // of determinant_
  double variance_ = 1;     // in units of unit_^2
};

/// `residuals` are rt, or the roots of energies, one for each of `values`.
void check_spectrum(std::string_view function, const Vector& values, const Vector& residuals,
                    double rho, Sigma2Choice choice) {
  if (values.size() == 0) {
    throw ArgumentError(function, "values", "is empty, expected at least one eigenvalue");
  }
  check_size(function, "rotated_residuals", residuals.size(), values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    check_not_negative(function, "values", values[i]);
    check_finite(function, "rotated_residuals", residuals[i]);
  }
  spectral::check_step(function, rho, values.maxCoeff());
  if (choice.rule == Sigma2Rule::fixed) {
    check_positive(function, "sigma2", choice.value);
  } else if (choice.value != 0) {
    throw ArgumentError(function, "sigma2",
                        fmt::format("has the value {}, which only the rule `fixed` takes, but its "
                                    "rule is another",
                                    choice.value));
  }
}

Evidence make_evidence(std::string_view function, const Vector& values, const Vector& rt,
                       double rho, Sigma2Choice choice) {
  check_spectrum(function, values, rt, rho, choice);
  return {values, rt, static_cast<double>(values.size()), std::nullopt, rho, choice};
}

Evidence make_evidence(std::string_view function, const ResidualSpectrum& spectrum, double rho,
                       Sigma2Choice choice) {
  const Eigen::VectorXd magnitudes = spectrum.energies.cwiseSqrt();
  check_spectrum(function, spectrum.nodes, magnitudes, rho, choice);
  check_finite(function, "log_determinant", spectrum.log_determinant);
  if (spectrum.log_determinant > 0) {
    throw ArgumentError(function, "log_determinant", "is positive");
  }
  if (spectrum.examples < 1) throw ArgumentError(function, "examples", "is below 1");
  return {spectrum.nodes,           magnitudes, static_cast<double>(spectrum.examples),
          spectrum.log_determinant, rho,        choice};
}

/// The smallest integer in [low, high] that satisfies a monotone predicate true at `high`.
template <class Predicate>
std::int64_t first_true(std::int64_t low, std::int64_t high, Predicate holds) {
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

EvidenceCurve curve_of(const Evidence& evidence, Eigen::Index examples,
                       std::span<const std::int64_t> horizons) {
  constexpr std::string_view function = "evidence_curve";
  if (horizons.empty()) {
    throw ArgumentError(function, "horizons", "is empty, expected at least one");
  }
  EvidenceCurve curve;
  curve.horizons.assign(horizons.begin(), horizons.end());
  curve.examples = examples;
  curve.zero_residuals = evidence.zero_residuals();
  const auto count = static_cast<Eigen::Index>(horizons.size());
  curve.relative.resize(count);
  curve.sigma2.resize(count);
  DecaySums sums = evidence.sums();
  for (Eigen::Index j = 0; j < count; ++j) {
    const std::int64_t horizon = horizons[static_cast<std::size_t>(j)];
    if (horizon < 0) {
      throw ArgumentError(function, "horizons",
                          fmt::format("[{}] is {}, expected 0 or more", j, horizon));
    }
    const double sum = sums.at(horizon);
    curve.relative[j] = evidence.normalised(horizon, sum);
    curve.sigma2[j] = evidence.sigma2(horizon, sum);
  }
  curve.values = curve.zero_residuals
                     ? Eigen::VectorXd::Constant(count, -std::numeric_limits<double>::infinity())
                     : Eigen::VectorXd(curve.relative.array() + evidence.log_unit());
  curve.relative.array() -= curve.relative.minCoeff();
  bool found = false;
  for (Eigen::Index j = 0; j < count; ++j) {
    const std::int64_t horizon = horizons[static_cast<std::size_t>(j)];
    if (curve.relative[j] <= tie && (!found || horizon < curve.t_map)) {
      curve.t_map = horizon;
      curve.map_index = j;
      found = true;
    }
  }
  const auto [smallest, largest] = std::minmax_element(horizons.begin(), horizons.end());
  curve.at_lower_edge = curve.t_map == *smallest;
  curve.at_upper_edge = curve.t_map == *largest;
  return curve;
}

}  // namespace

EvidenceCurve evidence_curve(const Vector& values, const Vector& rotated_residuals, double rho,
                             std::span<const std::int64_t> horizons, Sigma2Choice sigma2) {
  return curve_of(make_evidence("evidence_curve", values, rotated_residuals, rho, sigma2),
                  values.size(), horizons);
}

EvidenceCurve evidence_curve(const ResidualSpectrum& spectrum, double rho,
                             std::span<const std::int64_t> horizons, Sigma2Choice sigma2) {
  return curve_of(make_evidence("evidence_curve", spectrum, rho, sigma2), spectrum.examples,
                  horizons);
}

UnboundedMap unbounded_map(const Vector& values, const Vector& rotated_residuals, double rho,
                           Sigma2Choice sigma2) {
  const Evidence evidence = make_evidence("unbounded_map", values, rotated_residuals, rho, sigma2);
  UnboundedMap result;
  if (evidence.falls_for_ever()) return result;
  const auto rises = [&](std::int64_t horizon) {
    ++result.evaluations;
    return evidence.rises(horizon);
  };
  // Doubling brackets the first rise; past 2^53 steps a double cannot count them.
  constexpr std::int64_t last = std::int64_t{1} << 53;
  std::int64_t high = 1;
  while (high < last && !rises(high)) high *= 2;
  const std::int64_t minimiser = first_true(0, high, rises);
  DecaySums sums = evidence.sums();
  const auto value = [&](std::int64_t horizon) {
    ++result.evaluations;
    return evidence.normalised(horizon, sums.at(horizon));
  };
  const double smallest = value(minimiser);
  result.horizon = first_true(
      0, minimiser, [&](std::int64_t horizon) { return value(horizon) <= smallest + tie; });
  return result;
}

}  // namespace sextant::evidence
