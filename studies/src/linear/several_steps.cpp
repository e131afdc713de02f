#include "sextant/studies/linear/several_steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "checks.hpp"
#include "filter.hpp"
#include "sextant/studies/analysis/marchenko_pastur.hpp"

namespace sextant::studies::linear {
namespace {

void check_gram(std::string_view function, std::int64_t k, std::int64_t d) {
  check_sizes(function, 1, k, d);
}

void check_steps(std::string_view function, std::int64_t steps, double rho) {
  if (steps < 0) {
    throw ArgumentError(function, "steps", fmt::format("is {}, expected at least 0", steps));
  }
  check_not_negative(function, "rho", rho);
}

}  // namespace

double gram_moment(std::int64_t samples, std::int64_t dimension, int j) {
  check_gram("gram_moment", samples, dimension);
  if (j < 0 || j > 2 * most_exact_steps) {
    throw ArgumentError("gram_moment", "j", fmt::format("is {}, expected 0 to 6", j));
  }
  const auto k = static_cast<double>(samples);
  const auto d = static_cast<double>(dimension);
  // Symmetric in k and d but for the factor k: written in their sum and product.
  const double s = k + d;
  const double q = k * d;
  const double s2 = s * s;
  switch (j) {
    case 0:
      return 1;
    case 1:
      return k;
    case 2:
      return k * (s + 1);
    case 3:
      return k * (s2 + q + 3 * s + 4);
    case 4:
      return k * (s * s2 + 3 * q * s + 6 * s2 + 5 * q + 21 * s + 20);
    case 5:
      return k * (s2 * s2 + 6 * q * s2 + 2 * q * q + 10 * s * s2 + 25 * q * s + 65 * s2 + 45 * q +
                  160 * s + 148);
    default:
      return k * (s * s2 * s2 + 10 * q * s * s2 + 10 * q * q * s + 15 * s2 * s2 + 75 * q * s2 +
                  22 * q * q + 155 * s * s2 + 322 * q * s + 701 * s2 + 425 * q + 1620 * s + 1348);
  }
}

FilterMoments exact_filter_moments(std::int64_t k, std::int64_t d, int steps, double rho) {
  check_gram("exact_filter_moments", k, d);
  check_steps("exact_filter_moments", steps, rho);
  if (steps > most_exact_steps) {
    throw ArgumentError("exact_filter_moments", "steps",
                        fmt::format("is {}, expected at most {}", steps, most_exact_steps));
  }
  // D = sum over j >= 1 of c_j (rho S)^j.
  std::array<double, most_exact_steps + 1> c{};
  double binomial = 1;
  for (int j = 1; j <= steps; ++j) {
    binomial *= static_cast<double>(steps - j + 1) / j;
    c[static_cast<std::size_t>(j)] = j % 2 == 1 ? binomial : -binomial;
  }
  FilterMoments moments;
  for (int i = 1; i <= steps; ++i) {
    const double ci = c[static_cast<std::size_t>(i)];
    moments.first += ci * std::pow(rho, i) * gram_moment(k, d, i);
    for (int j = 1; j <= steps; ++j) {
      const double both = ci * c[static_cast<std::size_t>(j)] * std::pow(rho, i + j);
      moments.second += both * gram_moment(k, d, i + j);
      // S^+ S^(i+j) = S^(i+j-1), because i + j >= 2.
      moments.noise += both * gram_moment(k, d, i + j - 1) * static_cast<double>(d);
    }
  }
  return moments;
}

FilterMoments limiting_filter_moments(std::int64_t k, std::int64_t d, std::int64_t steps,
                                      double rho) {
  constexpr auto function = "limiting_filter_moments";
  check_gram(function, k, d);
  check_steps(function, steps, rho);
  return limiting_filter(static_cast<double>(k) / static_cast<double>(d), steps,
                         rho * static_cast<double>(d));
}

FilterMoments limiting_filter(double ratio, std::int64_t steps, double scaled_rho) {
  // The nonzero eigenvalues of S are d times those of the k x k kernel that the law is about; their
  // number is a share `ratio` of d.
  const analysis::MarchenkoPastur law(ratio);
  const auto mean = [&](auto value) { return ratio * law.mean(value).value; };
  const auto filter = [&](double z) { return step_filter(scaled_rho * z, steps); };
  FilterMoments moments;
  moments.first = mean(filter);
  moments.second = mean([&](double z) { return filter(z) * filter(z); });
  moments.noise = mean([&](double z) { return z > 0 ? filter(z) * (filter(z) / z) : 0.0; });
  if (!std::isfinite(moments.second) || !std::isfinite(moments.noise)) {
    throw NumericalError(
        fmt::format("{} steps of this size diverge beyond the range of double", steps));
  }
  return moments;
}

double step_filter(double x, std::int64_t steps) {
  const auto t = static_cast<double>(steps);
  return x < 1 ? -std::expm1(t * std::log1p(-x)) : 1 - std::pow(1 - x, t);
}

FilterMoments converged_filter_moments(std::int64_t samples, std::int64_t dimension) {
  check_gram("converged_filter_moments", samples, dimension);
  const auto k = static_cast<double>(samples);
  const auto d = static_cast<double>(dimension);
  const double share = std::min(k, d) / d;
  double noise = std::numeric_limits<double>::infinity();
  if (k < d - 1) noise = k / (d - k - 1);
  if (k > d + 1) noise = d / (k - d - 1);
  return {share, share, noise};
}

FilterMoments filter_moments(const Eigen::Ref<const Eigen::VectorXd>& eigenvalues,
                             std::int64_t steps, double rho) {
  check_count("filter_moments", "d", eigenvalues.size(), 1, largest_dimension);
  check_variances("filter_moments", "eigenvalues", eigenvalues);
  check_steps("filter_moments", steps, rho);
  FilterMoments moments;
  for (const double value : eigenvalues) {
    const double filter = step_filter(rho * value, steps);
    moments.first += filter;
    moments.second += filter * filter;
    if (value > 0) moments.noise += filter * (filter / value);
  }
  moments.first /= static_cast<double>(eigenvalues.size());
  moments.second /= static_cast<double>(eigenvalues.size());
  return moments;
}

double largest_stable_rho(std::int64_t k, std::int64_t d) {
  check_gram("largest_stable_rho", k, d);
  const double root = std::sqrt(static_cast<double>(k)) + std::sqrt(static_cast<double>(d));
  return 2 / (root * root);
}

GivenContext given_context(const Diagonal& setting, const Eigen::Ref<const Eigen::MatrixXd>& w0,
                           const Eigen::Ref<const Eigen::VectorXd>& u) {
  constexpr auto function = "given_context";
  check(function, setting);
  const Eigen::Index d = setting.beta.size();
  check_length(function, "u", u, d);
  if ((setting.input_variances.array() != 1).any()) {
    throw ArgumentError(function, "input_variances", "differ from 1");
  }
  if (w0.rows() != d || w0.cols() != d || !w0.allFinite()) {
    throw ArgumentError(function, "w0", fmt::format("expected {} x {} finite values", d, d));
  }
  const auto n = static_cast<double>(setting.n);
  const Eigen::VectorXd& beta = setting.beta;
  const double v = beta.squaredNorm() + setting.sigma2;
  const Eigen::VectorXd e = beta - w0 * u;
  const Eigen::VectorXd moved = n * (n + 1) * beta.dot(u) * beta + n * v * u;  // U2 u
  const Eigen::VectorXd learned = w0 * beta;
  GivenContext context;
  context.error = e.squaredNorm();
  context.squared_norm = u.squaredNorm();
  context.fresh_error =
      (beta - n * learned).squaredNorm() + n * learned.squaredNorm() + n * v * w0.squaredNorm();
  context.cross = e.dot(n * beta.dot(u) * beta - w0 * moved);
  context.fresh_square = u.dot(moved);
  context.sigma2 = setting.sigma2;
  return context;
}

StepsRisk several_steps(const GivenContext& context, const FilterMoments& moments) {
  check_positive("several_steps", "context.squared_norm", context.squared_norm);
  const double p = context.squared_norm;
  const double noise = context.sigma2 == 0 ? 0 : context.sigma2 * moments.noise;
  const double moved = moments.second * context.error + noise;  // E|D e + noise|^2
  return {context.sigma2 + (1 - 2 * moments.first) * context.error + moved,
          context.sigma2 + context.fresh_error - 2 * moments.first * context.cross / p +
              moved * (context.fresh_square / p / p)};
}

}  // namespace sextant::studies::linear
