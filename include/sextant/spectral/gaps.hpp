#pragma once

/// When adapting helps: risks and Bayes gaps of a filter in the Gaussian benchmark
/// [W, Thm 5.2, E.4, E.5, F.7]; theory Sec. 3.
///
/// The benchmark is f ~ N(0, tau2 K), r = f + N(0, sigma2 I). A gap is what a filter loses to the
/// Bayes filter:
///
///     sum_i a_i (filter_i - bayes_i)^2,    a_i = tau2 l_i + sigma2           prompt form, filters
///     g
///                                          a_i = (tau2 l_i + sigma2) kt_i^2  query form, filters q
///
/// Gaps and risks carry the square of the residuals' unit. All functions are O(n) and deterministic
/// and throw `ArgumentError` for wrong sizes and values out of range.

#include <Eigen/Core>
#include <string_view>

namespace sextant::spectral {

/// Variances of the Gaussian benchmark, each finite and at least 0.
struct Benchmark {
  double tau2 = 0;    ///< Prior scale: f ~ N(0, tau2 K).
  double sigma2 = 0;  ///< Observation variance.
  /// sigma2/tau2; +infinity for tau2 = 0, where nothing can be learned.
  double lambda_star() const;
};

/// Throws `ArgumentError`, in the name of `function`, unless both are finite and at least 0.
void check_benchmark(std::string_view function, const Benchmark& benchmark);

/// Whether a vector of weights goes with filters g (prompt) or q (query).
enum class FilterForm { prompt, query };

/// The a_i of a gap [n] with the form of the filters that they weigh.
struct GapWeights {
  Eigen::VectorXd a;
  FilterForm form = FilterForm::prompt;
};

/// a_i = tau2 l_i + sigma2, for the predictions of the prompt's own examples.
GapWeights prompt_gap_weights(const Eigen::Ref<const Eigen::VectorXd>& values,
                              const Benchmark& benchmark);
/// a_i = (tau2 l_i + sigma2) kt_i^2, for one query with rotated coupling kt = U'k.
GapWeights query_gap_weights(const Eigen::Ref<const Eigen::VectorXd>& values,
                             const Eigen::Ref<const Eigen::VectorXd>& rotated_coupling,
                             const Benchmark& benchmark);

/// sum_i a_i (filter_i - bayes_i)^2 with the Bayes filter of `lambda_star` in the weights' form;
/// `filter` must have that form. At least 0.
double bayes_gap(const Eigen::Ref<const Eigen::VectorXd>& values, const GapWeights& weights,
                 double lambda_star, const Eigen::Ref<const Eigen::VectorXd>& filter);

/// The two sums that decide whether to adapt.
struct AdaptationGap {
  double none = 0;     ///< Gap of no adaptation, the zero filter.
  double adapted = 0;  ///< Gap of the filter.
  bool adapt = false;  ///< adapted < none.
};

/// Compares `filter` with no adaptation [W, Thm 5.2].
AdaptationGap adaptation_gap(const Eigen::Ref<const Eigen::VectorXd>& values,
                             const GapWeights& weights, double lambda_star,
                             const Eigen::Ref<const Eigen::VectorXd>& filter);

/// Expected squared error on the prompt, summed over its n examples.
struct PromptRisk {
  double risk = 0;    ///< E|g(K)r - f|^2 = sum c_i (1 - g_i)^2 + sigma2 g_i^2.
  double bayes = 0;   ///< The smallest possible: sum c_i sigma2 / (c_i + sigma2).
  double excess = 0;  ///< sum (c_i + sigma2)(g_i - c_i/(c_i + sigma2))^2 = risk - bayes.
};

/// Risk of the prompt filter g when component i of f has second moment `signal_variances[i]` = c_i
/// and the observation variance is `sigma2`; no Gaussianity is needed [W, F.7]. The benchmark has
/// c = tau2 values.
PromptRisk prompt_risk(const Eigen::Ref<const Eigen::VectorXd>& signal_variances, double sigma2,
                       const Eigen::Ref<const Eigen::VectorXd>& prompt_filter);

/// Variance of a query's true correction before and after seeing the prompt. The expected squared
/// error of a filter's correction is `posterior` plus its gap, of no correction `prior`.
struct QueryVariance {
  double prior = 0;      ///< tau2 kappa.
  double posterior = 0;  ///< tau2 (kappa - sum_i kt_i^2 / (l_i + lambda_star)); 0 where rounding
                         ///< would make it negative.
};

/// `variance` kappa = j'j, at least 0.
QueryVariance query_variance(const Eigen::Ref<const Eigen::VectorXd>& values,
                             const Eigen::Ref<const Eigen::VectorXd>& rotated_coupling,
                             double variance, const Benchmark& benchmark);

}  // namespace sextant::spectral
