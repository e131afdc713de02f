#include "sextant/studies/single_index/relu_readout.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "checks.hpp"
#include "sextant/spectral/dense_product.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/horizons.hpp"

namespace sextant::studies::single_index {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd ReluUnits::features(const Eigen::Ref<const VectorXd>& s) const {
  MatrixXd result(s.size(), size() + 1);
  for (Index j = 0; j < size(); ++j) {
    result.col(j) = (slopes[j] * s.array() + offsets[j]).cwiseMax(0.0);
  }
  result.col(size()).setOnes();
  return result;
}

ReluUnits draw_units(Index count, double range, Random& random) {
  check_count("draw_units", "count", count, 1, 10'000);
  check_positive("draw_units", "range", range);
  ReluUnits units{VectorXd(count), VectorXd(count)};
  for (Index j = 0; j < count; ++j) {
    units.slopes[j] = j % 2 == 0 ? 1.0 : -1.0;
    units.offsets[j] = range * (2 * random.uniform() - 1);
  }
  return units;
}

ReluReadout::ReluReadout(const ReluUnits& units, const Eigen::Ref<const VectorXd>& weights) {
  constexpr std::string_view here = "ReluReadout";
  const Index m = units.size();
  check_same(here, "offsets", units.offsets.size(), m);
  check_same(here, "weights", weights.size(), m + 1);
  check_vector(here, "slopes", units.slopes);
  check_vector(here, "offsets", units.offsets);
  check_vector(here, "weights", weights);
  struct Kink {
    double at, slope, intercept;
  };
  std::vector<Kink> kinks;
  double slope = 0;
  double intercept = weights[m];
  for (Index j = 0; j < m; ++j) {
    const double v = units.slopes[j];
    if (v == 0) throw ArgumentError(here, "slopes", fmt::format("[{}] is 0", j));
    const double a = weights[j];
    // Rising units begin at their kink, falling ones end there.
    const double sign = v > 0 ? 1.0 : -1.0;
    if (v < 0) {
      slope += a * v;
      intercept += a * units.offsets[j];
    }
    kinks.push_back({-units.offsets[j] / v, sign * a * v, sign * a * units.offsets[j]});
  }
  std::stable_sort(kinks.begin(), kinks.end(),
                   [](const Kink& one, const Kink& two) { return one.at < two.at; });
  slopes_.push_back(slope);
  intercepts_.push_back(intercept);
  for (const Kink& kink : kinks) {
    knots_.push_back(kink.at);
    slopes_.push_back(slope += kink.slope);
    intercepts_.push_back(intercept += kink.intercept);
  }
}

std::size_t ReluReadout::piece(double s) const {
  return static_cast<std::size_t>(std::upper_bound(knots_.begin(), knots_.end(), s) -
                                  knots_.begin());
}

double ReluReadout::value(double s) const {
  if (slopes_.empty()) return 0;
  const std::size_t i = piece(s);
  return slopes_[i] * s + intercepts_[i];
}

double ReluReadout::slope(double s) const { return slopes_.empty() ? 0 : slopes_[piece(s)]; }

VectorXd ReluReadout::values(const Eigen::Ref<const VectorXd>& s) const {
  return s.unaryExpr([this](double at) { return value(at); });
}

ReluRegression::ReluRegression(ReluUnits units, const Eigen::Ref<const VectorXd>& s,
                               const Eigen::Ref<const VectorXd>& y)
    : units_(std::move(units)) {
  constexpr std::string_view here = "ReluRegression";
  if (s.size() == 0) throw ArgumentError(here, "s", "is empty");
  check_same(here, "y", y.size(), s.size());
  check_vector(here, "s", s);
  check_vector(here, "y", y);
  const Index p = units_.size() + 1;
  constexpr Index block = 4096;
  MatrixXd gram = MatrixXd::Zero(p, p);
  MatrixXd part(p, p);
  VectorXd right = VectorXd::Zero(p);
  for (Index first = 0; first < s.size(); first += block) {
    const Index count = std::min(block, s.size() - first);
    const MatrixXd features = units_.features(s.segment(first, count));
    spectral::transposed_product(features, features, part);
    gram += part;
    right.noalias() += features.transpose() * y.segment(first, count);
  }
  gram_ = spectral::decompose(gram);
  coordinates_ = gram_.rotate(right);
  spectrum_ = evidence::spectrum_from_gram(gram_, coordinates_, y.squaredNorm(), s.size());
}

ReluReadout ReluRegression::filtered(const VectorXd& filter) const {
  return {units_, gram_.rotate_back(filter.cwiseProduct(coordinates_))};
}

ReluReadout ReluRegression::ridge(double penalty) const {
  check_positive("ReluRegression::ridge", "penalty", penalty);
  return filtered(spectral::bayes_query_filter(gram_.values, penalty));
}

ReluReadout ReluRegression::descent(std::int64_t steps, double step_scale) const {
  const double rho = spectral::step_from_scale(largest(), step_scale);
  return filtered(spectral::gd_query_filter(gram_.values, rho, steps));
}

double ReluRegression::gcv(double penalty) const {
  check_positive("ReluRegression::gcv", "penalty", penalty);
  const auto n = static_cast<double>(examples());
  const evidence::ResidualSpectrum& spectrum = spectrum_.spectrum;
  const Eigen::ArrayXd left = penalty / (spectrum.nodes.array() + penalty);
  const double residual = (spectrum.energies.array() * left.square()).sum();
  const double free = (spectrum.counts.array() * left).sum();  // n - tr H
  return n * residual / (free * free);
}

double ReluRegression::gcv_penalty(std::span<const double> relative_penalties) const {
  if (relative_penalties.empty()) {
    throw ArgumentError("gcv_penalty", "relative_penalties", "is empty");
  }
  double best = 0;
  double least = 0;
  for (const double relative : relative_penalties) {
    check_positive("gcv_penalty", "relative_penalties", relative);
    const double penalty = relative * largest();
    const double value = gcv(penalty);
    if (best == 0 || value < least || (value == least && penalty > best)) {
      best = penalty;
      least = value;
    }
  }
  return best;
}

evidence::BenchmarkFit ReluRegression::evidence_fit() const {
  return evidence::fit_benchmark(spectrum_.spectrum, {1e-9, 1e3, 12});
}

std::optional<std::int64_t> ReluRegression::benchmark_steps(double step_scale) const {
  const evidence::BenchmarkFit fit = evidence_fit();
  const VectorXd& values = spectrum_.spectrum.nodes;
  const spectral::OracleValue best = spectral::oracle_time(
      values, spectral::prompt_gap_weights(values, fit.benchmark), fit.lambda_star);
  return spectral::horizon_for_time(best.value, spectral::step_from_scale(largest(), step_scale));
}

std::optional<std::int64_t> ReluRegression::evidence_steps(double step_scale,
                                                           evidence::Sigma2Rule rule) const {
  const evidence::ResidualSpectrum& spectrum = spectrum_.spectrum;
  const Index n = examples();
  const Index rank = spectrum.nodes.size() - 1;
  VectorXd values = VectorXd::Zero(n);
  VectorXd rotated = VectorXd::Zero(n);
  values.head(rank) = spectrum.nodes.head(rank);
  rotated.head(rank) = spectrum.energies.head(rank).cwiseSqrt();
  if (rank < n) {
    rotated.tail(n - rank).setConstant(
        std::sqrt(spectrum.energies[rank] / static_cast<double>(n - rank)));
  }
  const double rho = spectral::step_from_scale(largest(), step_scale);
  return evidence::unbounded_map(values, rotated, rho, {rule, 0}).horizon;
}

std::span<const double> default_relative_penalties() {
  static constexpr std::array<double, 7> penalties = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2};
  return penalties;
}

void check_link(std::string_view function, const LinkOptions& options) {
  check_count(function, "link.units", options.units, 1, 10'000);
  check_positive(function, "link.offset_range", options.offset_range);
  check_positive(function, "link.penalty", options.penalty);
  check_positive(function, "link.target_clip", options.target_clip);
}

ReluReadout fit_link(const ReluUnits& units, const LinkOptions& options,
                     const Eigen::Ref<const VectorXd>& s, const Eigen::Ref<const VectorXd>& y) {
  constexpr std::string_view here = "fit_link";
  check_link(here, options);
  if (s.size() == 0) throw ArgumentError(here, "s", "is empty");
  check_same(here, "y", y.size(), s.size());
  check_vector(here, "s", s);
  check_vector(here, "y", y);
  const MatrixXd features = units.features(s);
  const auto n = static_cast<double>(s.size());
  double deviation = 0;
  for (Index j = 0; j < units.size(); ++j) {
    const auto column = features.col(j).array();
    deviation += std::sqrt((column - column.mean()).square().mean());
  }
  deviation /= static_cast<double>(units.size());
  if (deviation == 0) deviation = 1;
  MatrixXd gram(features.cols(), features.cols());
  spectral::transposed_product(features, features, gram);
  gram.diagonal().array() += options.penalty * n * deviation * deviation;
  const VectorXd clipped = y.cwiseMin(options.target_clip).cwiseMax(-options.target_clip);
  const Eigen::LLT<MatrixXd> factor(gram);
  if (factor.info() != Eigen::Success) {
    throw NumericalError("fit_link: the units' Gram matrix cannot be factorised");
  }
  return {units, factor.solve(features.transpose() * clipped)};
}

}  // namespace sextant::studies::single_index
