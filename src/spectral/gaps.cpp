#include "sextant/spectral/gaps.hpp"

#include <algorithm>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::spectral {
namespace {

using Vector = Eigen::Ref<const Eigen::VectorXd>;

}  // namespace

void check_benchmark(std::string_view function, const Benchmark& benchmark) {
  check_not_negative(function, "tau2", benchmark.tau2);
  check_not_negative(function, "sigma2", benchmark.sigma2);
}

double Benchmark::lambda_star() const {
  return tau2 == 0 ? std::numeric_limits<double>::infinity() : sigma2 / tau2;
}

GapWeights prompt_gap_weights(const Vector& values, const Benchmark& benchmark) {
  check_benchmark("prompt_gap_weights", benchmark);
  return {(benchmark.tau2 * values.array() + benchmark.sigma2).matrix(), FilterForm::prompt};
}

GapWeights query_gap_weights(const Vector& values, const Vector& rotated_coupling,
                             const Benchmark& benchmark) {
  check_benchmark("query_gap_weights", benchmark);
  check_size("query_gap_weights", "rotated_coupling", rotated_coupling.size(), values.size());
  return {((benchmark.tau2 * values.array() + benchmark.sigma2) * rotated_coupling.array().square())
              .matrix(),
          FilterForm::query};
}

double bayes_gap(const Vector& values, const GapWeights& weights, double lambda_star,
                 const Vector& filter) {
  check_size("bayes_gap", "weights", weights.a.size(), values.size());
  check_size("bayes_gap", "filter", filter.size(), values.size());
  const Eigen::VectorXd bayes = weights.form == FilterForm::prompt
                                    ? bayes_prompt_filter(values, lambda_star)
                                    : bayes_query_filter(values, lambda_star);
  return weights.a.dot((filter - bayes).cwiseAbs2());
}

AdaptationGap adaptation_gap(const Vector& values, const GapWeights& weights, double lambda_star,
                             const Vector& filter) {
  AdaptationGap result;
  result.none = bayes_gap(values, weights, lambda_star, Eigen::VectorXd::Zero(values.size()));
  result.adapted = bayes_gap(values, weights, lambda_star, filter);
  result.adapt = result.adapted < result.none;
  return result;
}

PromptRisk prompt_risk(const Vector& signal_variances, double sigma2, const Vector& prompt_filter) {
  check_not_negative("prompt_risk", "sigma2", sigma2);
  check_size("prompt_risk", "prompt_filter", prompt_filter.size(), signal_variances.size());
  PromptRisk result;
  for (Eigen::Index i = 0; i < signal_variances.size(); ++i) {
    const double c = signal_variances[i];
    const double g = prompt_filter[i];
    check_not_negative("prompt_risk", "signal_variances", c);
    const double total = c + sigma2;
    const double best = total == 0 ? 0.0 : c / total;
    result.risk += c * (1 - g) * (1 - g) + sigma2 * g * g;
    result.bayes += best * sigma2;
    result.excess += total * (g - best) * (g - best);
  }
  return result;
}

QueryVariance query_variance(const Vector& values, const Vector& rotated_coupling, double variance,
                             const Benchmark& benchmark) {
  check_benchmark("query_variance", benchmark);
  check_not_negative("query_variance", "variance", variance);
  check_size("query_variance", "rotated_coupling", rotated_coupling.size(), values.size());
  const double explained = query_correction(bayes_query_filter(values, benchmark.lambda_star()),
                                            rotated_coupling, rotated_coupling);
  return {benchmark.tau2 * variance, benchmark.tau2 * std::max(0.0, variance - explained)};
}

}  // namespace sextant::spectral
