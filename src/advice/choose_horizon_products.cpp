#include "sextant/advice/choose_horizon_products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "horizon_steps.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/number_range.hpp"
#include "sextant/core/random.hpp"
#include "sextant/evidence/products.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/lanczos.hpp"

namespace sextant::advice {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
constexpr double infinity = std::numeric_limits<double>::infinity();

void check(const KernelProducts& prompt, const HorizonOptions& options,
           const ProductOptions& products) {
  constexpr std::string_view here = "choose_horizon";
  if (prompt.kernel == nullptr) throw ArgumentError(here, "kernel", "is missing");
  const auto n = static_cast<std::size_t>(prompt.kernel->size());
  const auto m = static_cast<std::size_t>(prompt.couplings.cols());
  check_size(here, "residuals", static_cast<std::size_t>(prompt.residuals.size()), n);
  if (m > 0) check_size(here, "couplings", static_cast<std::size_t>(prompt.couplings.rows()), n);
  check_size(here, "variances", static_cast<std::size_t>(prompt.variances.size()), m);
  check_size(here, "query_numbers", prompt.query_numbers.size(), m);
  check_finite(here, "residuals", {prompt.residuals.data(), n});
  check_finite(here, "couplings",
               {prompt.couplings.data(), static_cast<std::size_t>(prompt.couplings.size())});
  for (const double variance : prompt.variances) check_not_negative(here, "variances", variance);
  const std::string problem =
      beyond_range(n == 0 ? 0.0 : prompt.residuals.cwiseAbs().maxCoeff(), rescale_labels);
  if (!problem.empty()) throw ArgumentError(here, "residuals", "largest " + problem);
  if (options.step.rho) check_positive(here, "rho", *options.step.rho);
  if (products.steps < 1) throw ArgumentError(here, "steps", "is below 1");
  if (products.probes < 2) throw ArgumentError(here, "probes", "is below 2: one has no error");
  if (options.query) throw ArgumentError(here, "query", "is not for products; leave others out");
}

/// What products of 32-bit numbers may be off by.
constexpr double product_tolerance = 1e-4;

/// Throws unless two products show no asymmetry: u'Kv = v'Ku for random signs.
void check_symmetric_products(const KernelProducts& prompt, std::uint64_t seed) {
  Random random(seed);
  MatrixXd probes(prompt.kernel->size(), 2);
  for (Index j = 0; j < 2; ++j) {
    for (Index i = 0; i < probes.rows(); ++i) probes(i, j) = random.uniform() < 0.5 ? -1.0 : 1.0;
  }
  const MatrixXd products = prompt.kernel->apply(probes);
  if (!products.allFinite()) {
    throw ArgumentError("choose_horizon", "kernel", "gives products that are not finite");
  }
  const double there = probes.col(0).dot(products.col(1));
  const double back = probes.col(1).dot(products.col(0));
  const double scale = std::sqrt(static_cast<double>(probes.rows())) *
                       std::max(products.col(0).norm(), products.col(1).norm());
  if (std::abs(there - back) <= product_tolerance * scale) return;
  throw ArgumentError("choose_horizon", "kernel",
                      fmt::format("is not symmetric: u'Kv = {:.6g} and v'Ku = {:.6g} for two "
                                  "vectors of random signs",
                                  there, back));
}

/// Throws where a Ritz value, which lies between a kernel's eigenvalues, is negative.
void check_semidefinite_products(const spectral::KrylovSpace& space,
                                 const evidence::LargeSpectrum& large) {
  const double least = space.smallest_ritz_value();
  if (least >= -product_tolerance * large.lambda_max) return;
  throw ArgumentError("choose_horizon", "kernel",
                      fmt::format("is not positive semidefinite: it has an eigenvalue of at most "
                                  "{:.6g} beside the largest, {:.6g}",
                                  least, large.lambda_max));
}

/// The jackknife's standard error of log lambda_star: fits that leave out one probe each.
double log_lambda_star_error(const evidence::LargeSpectrum& large, const HorizonOptions& options) {
  const auto probes = static_cast<double>(large.probe_ends.size());
  std::vector<double> values;
  Index begin = 0;
  for (const Index end : large.probe_ends) {
    evidence::ResidualSpectrum rest = large.pessimistic;
    rest.counts *= probes / (probes - 1);
    rest.counts.segment(begin, end - begin).setZero();
    const double lambda_star = fitted(options, rest)->lambda_star;
    if (!(lambda_star > 0) || !std::isfinite(lambda_star)) return infinity;
    values.push_back(std::log(lambda_star));
    begin = end;
  }
  const Eigen::Map<const VectorXd> logs(values.data(), static_cast<Index>(values.size()));
  return std::sqrt((probes - 1) / probes * (logs.array() - logs.mean()).square().sum());
}

/// Half the width of a 95% interval in standard errors that come from the spread over probes.
double standard_errors(const ProductAccuracy& products) {
  return quantile(boost::math::students_t(products.probes - 1), 0.975);
}

/// A likelihood that is too low rather than too high: an optimistic one finds no observation
/// variance where steps are few.
void fit_variances(const evidence::LargeSpectrum& large, const HorizonOptions& options,
                   HorizonChoice& result) {
  take_benchmark(fitted(options, large.pessimistic), options, result);
  if (!result.fit) {
    result.products->lambda_star_low = result.lambda_star;
    result.products->lambda_star_high = result.lambda_star;
    return;
  }
  if (!result.identifies_lambda_star()) {
    result.products->lambda_star_high = std::numeric_limits<double>::infinity();
    return;  // from 0 on
  }
  const double other = fitted(options, large.optimistic)->lambda_star;
  const double spread =
      std::exp(standard_errors(*result.products) * log_lambda_star_error(large, options));
  result.products->lambda_star_low = std::min(result.lambda_star, other) / spread;
  result.products->lambda_star_high = std::max(result.lambda_star, other) * spread;
}

/// T_MAP if the determinant were off by `errors` standard errors.
std::int64_t shifted_map(const evidence::LargeSpectrum& large, const HorizonOptions& options,
                         double errors) {
  evidence::ResidualSpectrum shifted = large.spectrum;
  shifted.log_determinant =
      std::min(0.0, shifted.log_determinant + errors * large.log_determinant_error);
  return evidence::evidence_curve(shifted, large.rho, candidates(options), options.sigma2).t_map;
}

void find_horizon(const evidence::LargeSpectrum& large, const HorizonOptions& options,
                  HorizonChoice& result) {
  take_curve(
      evidence::evidence_curve(large.spectrum, large.rho, candidates(options), options.sigma2),
      options, result);
  // A smaller determinant makes every step dearer.
  const double errors = standard_errors(*result.products);
  result.products->t_map_low = shifted_map(large, options, -errors);
  result.products->t_map_high = shifted_map(large, options, errors);
}

/// a_i = counts_i (tau2 l_i + sigma2) over the density, in place of one term for every eigenvalue.
void judge_density(const evidence::ResidualSpectrum& spectrum, HorizonChoice& result) {
  const VectorXd nodes = spectrum.density_nodes.cwiseMax(0.0).cwiseMin(result.lambda_max);
  spectral::GapWeights weights = spectral::prompt_gap_weights(nodes, result.benchmark);
  weights.a = weights.a.cwiseProduct(spectrum.counts);
  judge_prompt(nodes, weights, result);
}

/// q(K) r for the three filters.
struct Filtered {
  VectorXd map;
  VectorXd average;
  VectorXd bayes;
};

Filtered filter_residuals(const spectral::KrylovSpace& space, const HorizonChoice& result) {
  const auto apply = [&](const auto& filter) {
    return space.apply([&](double value) {
      const double clamped = std::clamp(value, 0.0, result.lambda_max);
      return filter(VectorXd(VectorXd::Constant(1, clamped)))[0];
    });
  };
  const double rho = result.rho;
  return {apply([&](const VectorXd& l) { return spectral::gd_query_filter(l, rho, result.t_map); }),
          apply([&](const VectorXd& l) {
            return evidence::average_query_filter(l, rho, result.curve.horizons,
                                                  result.posterior.weights);
          }),
          apply([&](const VectorXd& l) {
            return spectral::bayes_query_filter(l, result.lambda_star);
          })};
}

/// Sums over eigenvalues with the weights kt_i^2 become the quadrature from the query's coupling.
QueryAdvice advise_query(const KernelProducts& prompt, Index x, const Filtered& filtered,
                         const ProductOptions& products, HorizonChoice& result) {
  const VectorXd coupling = prompt.couplings.col(x);
  const spectral::LanczosQuadrature quadrature =
      spectral::lanczos_quadrature(*prompt.kernel, coupling, products.steps);
  VectorXd nodes = VectorXd::Zero(1);
  VectorXd rotated = VectorXd::Zero(1);
  if (quadrature.nodes.size() > 0) {
    nodes = quadrature.nodes.cwiseMax(0.0).cwiseMin(result.lambda_max);
    rotated = quadrature.weights.cwiseMax(0.0).cwiseSqrt();
  }
  const auto number = static_cast<Index>(prompt.query_numbers[static_cast<std::size_t>(x)]);
  warn_if_overexplained(number, nodes, rotated, prompt.variances[x], result);
  const spectral::GapWeights weights =
      spectral::query_gap_weights(nodes, rotated, result.benchmark);
  QueryAdvice advice =
      judge_query(nodes, rotated, prompt.variances[x], weights,
                  spectral::gd_query_filter(nodes, result.rho, result.t_map), result);
  advice.query = number;
  advice.correction_map = coupling.dot(filtered.map);
  advice.correction_average = coupling.dot(filtered.average);
  advice.correction_bayes = coupling.dot(filtered.bayes);
  advice.oracle_horizon = spectral::oracle_horizon(nodes, weights, result.lambda_star, result.rho,
                                                   result.curve.horizons)
                              .horizon;
  return advice;
}

void collect_warnings(const evidence::LargeSpectrum& large, HorizonChoice& result) {
  const auto warn = [&](std::string text) { result.warnings.push_back(std::move(text)); };
  if (!has_something_to_learn(result)) return;
  const ProductAccuracy& products = *result.products;
  if (products.t_map_low != products.t_map_high) {
    warn(
        fmt::format("The determinant is an estimate: within its 95% interval T_MAP is {} to {}. "
                    "More probes narrow that.",
                    products.t_map_low, products.t_map_high));
  }
  warn_without_zero(result);
  warn_at_last_horizon(result);
  warn_of_flat_likelihood(result);
  if (result.t_map > large.exact_horizon) {
    warn(fmt::format("T_MAP = {} exceeds the {} steps up to which {} products are exact.",
                     result.t_map, large.exact_horizon, products.steps));
  }
  if (result.identifies_lambda_star() && products.lambda_star_high > 2 * products.lambda_star_low) {
    warn(
        fmt::format("The benchmark's lambda_star is known only to lie between {:.3g} and {:.3g}: "
                    "gaps and Bayes corrections need more Lanczos steps or probes.",
                    products.lambda_star_low, products.lambda_star_high));
  }
  if (products.solve_residual > 0.05) {
    warn(
        fmt::format("Bayes corrections come from a solution with the relative residual {:.2g}: "
                    "more Lanczos steps make them exact.",
                    products.solve_residual));
  }
  if (products.lambda_max_residual > 1e-2 * result.lambda_max) {
    warn(fmt::format("lambda_max is known only to within {:.2g} of its {:.3g}; more steps help.",
                     products.lambda_max_residual, result.lambda_max));
  }
}

}  // namespace

HorizonChoice choose_horizon(const KernelProducts& prompt, const HorizonOptions& options,
                             const ProductOptions& products) {
  check_options(options);
  check(prompt, options, products);
  check_symmetric_products(prompt, products.seed);
  const spectral::KrylovSpace space(*prompt.kernel, prompt.residuals, products.steps);
  evidence::LanczosOptions lanczos;
  lanczos.scale = options.step.scale;
  lanczos.rho = options.step.rho;
  lanczos.steps = products.steps;
  lanczos.largest_products = products.steps;
  lanczos.trace = {products.probes, products.steps, products.seed};
  const evidence::LargeSpectrum large =
      evidence::spectrum_from_products(*prompt.kernel, space, lanczos);
  check_semidefinite_products(space, large);
  HorizonChoice result;
  result.n = prompt.kernel->size();
  result.system.values = large.spectrum.nodes.cwiseMax(0.0);
  result.lambda_max = large.lambda_max;
  result.rho = large.rho;
  result.products.emplace();
  result.products->steps = products.steps;
  result.products->probes = products.probes;
  result.products->lambda_max_residual = large.lambda_max_residual;
  result.products->evidence_error = large.evidence_error(1);
  fit_variances(large, options, result);
  find_horizon(large, options, result);
  judge_density(large.spectrum, result);
  if (result.lambda_star > 0 && std::isfinite(result.lambda_star)) {
    result.products->solve_residual = space.solve_residual(result.lambda_star);
  }
  const Filtered filtered = filter_residuals(space, result);
  for (Index x = 0; x < prompt.couplings.cols(); ++x) {
    result.queries.push_back(advise_query(prompt, x, filtered, products, result));
  }
  collect_warnings(large, result);
  return result;
}

}  // namespace sextant::advice
