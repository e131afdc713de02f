#include "sextant/advice/choose_horizon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "horizon_steps.hpp"
#include "label_checks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/kernel_checks.hpp"

namespace sextant::advice {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using evidence::Sigma2Rule;

using Blocks = std::span<const Index>;

void certify(const HorizonOptions& options, HorizonChoice& result) {
  check_between("choose_horizon", "delta", options.delta, 0, 1);
  if (!(result.sigma2 > 0)) return;
  const evidence::CertificateRadii radii = evidence::certificate_radii(
      result.system.values, result.rho, candidates(options), result.curve.t_map, result.sigma2,
      result.benchmark, options.delta);
  result.bound = Bound{options.delta, result.fit ? BoundReference::fitted : BoundReference::known,
                       radii.paper, radii.exact_mgf, radii.exact_tail};
}

/// Those that are judged: the one asked for, or all.
struct QueryRange {
  Index first = 0;
  Index end = 0;
};

QueryRange queries_of(const geometry::PromptGeometry& geometry, const HorizonOptions& options) {
  if (options.query) return {*options.query, *options.query + 1};
  return {0, geometry.queries()};
}

/// What all queries share.
struct Filters {
  VectorXd map;
  VectorXd average;
  VectorXd bayes;
};

std::optional<evidence::VariancePosterior> variance_posterior(const VectorXd& values,
                                                              const VectorXd& rotated,
                                                              const HorizonOptions& options) {
  if (options.tau2 == 0.0) return std::nullopt;
  evidence::KnownVariances known;
  known.tau2 = options.tau2;
  if (options.sigma2.rule == Sigma2Rule::fixed) known.sigma2 = options.sigma2.value;
  return evidence::VariancePosterior(values, rotated, known);
}

QueryAdvice advise_query(const geometry::PromptGeometry& geometry, Blocks blocks, Index query,
                         const VectorXd& rotated, const Filters& filters,
                         std::vector<spectral::GapWeights>& every_weights, HorizonChoice& result) {
  const VectorXd& values = result.system.values;
  const VectorXd coupling =
      result.system.rotate(geometry::summed_coupling(geometry, query, blocks));
  const spectral::GapWeights& weights =
      every_weights.emplace_back(spectral::query_gap_weights(values, coupling, result.benchmark));
  const double kappa = geometry::summed_variance(geometry, query, blocks);
  warn_if_overexplained(geometry.query_number(query), values, coupling, kappa, result);
  QueryAdvice advice = judge_query(values, coupling, kappa, weights, filters.map, result);
  advice.query = geometry.query_number(query);
  advice.correction_map = spectral::query_correction(filters.map, coupling, rotated);
  advice.correction_average = spectral::query_correction(filters.average, coupling, rotated);
  advice.correction_bayes = spectral::query_correction(filters.bayes, coupling, rotated);
  if (const auto posterior =
          result.variances ? result.variances->query(coupling, kappa) : std::nullopt) {
    advice.interval = posterior->interval(credible_level);
    if (advice.correction_map != 0) {
      advice.probability_closer = posterior->probability_closer(advice.correction_map);
    }
  }
  return advice;
}

void judge(const geometry::PromptGeometry& geometry, Blocks blocks, const VectorXd& rotated,
           const HorizonOptions& options, HorizonChoice& result) {
  const VectorXd& values = result.system.values;
  const double rho = result.rho;
  judge_prompt(values, spectral::prompt_gap_weights(values, result.benchmark), result);
  const Filters filters = {
      spectral::gd_query_filter(values, rho, result.t_map),
      evidence::average_query_filter(values, rho, result.curve.horizons, result.posterior.weights),
      spectral::bayes_query_filter(values, result.lambda_star)};
  result.variances = variance_posterior(values, rotated, options);
  const auto [first, last] = queries_of(geometry, options);
  std::vector<spectral::GapWeights> every_weights;
  for (Index query = first; query < last; ++query) {
    result.queries.push_back(
        advise_query(geometry, blocks, query, rotated, filters, every_weights, result));
  }
  const auto oracles = spectral::oracle_horizons(values, every_weights, result.lambda_star, rho,
                                                 result.curve.horizons);
  for (std::size_t i = 0; i < oracles.size(); ++i) {
    result.queries[i].oracle_horizon = oracles[i].horizon;
  }
}

/// Warns of the first query, of those that are asked for, and block whose coupling is larger than
/// the Cauchy-Schwarz inequality allows for inner products of gradients.
void warn_of_couplings(const geometry::PromptGeometry& geometry, Blocks blocks,
                       const QueryRange& queries, HorizonChoice& result) {
  constexpr double tolerance = 1e-6;
  for (Index x = queries.first; x < queries.end; ++x) {
    for (const Index b : blocks) {
      const VectorXd diagonal = geometry.kernels[b].diagonal().cwiseMax(0.0);
      const double variance = geometry.query_variances(x, b);
      const double slack = tolerance * std::sqrt(diagonal.maxCoeff()) * std::sqrt(variance);
      for (Index i = 0; i < diagonal.size(); ++i) {
        const double coupling = geometry.query_kernels[x](i, b);
        const double bound = std::sqrt(diagonal[i]) * std::sqrt(variance);
        if (std::abs(coupling) <= bound + slack) continue;
        result.warnings.push_back(fmt::format(
            "The coupling of query {} with example {} in block \"{}\" is {:.6g}, but its kernel "
            "and query variance allow {:.6g} at most: these are not products of one set of "
            "gradients, and gaps, intervals and expected errors are unreliable (they may be "
            "negative).",
            geometry.query_number(x), i, geometry.blocks[b].name, coupling, bound));
        result.couplings_fit = false;
        return;
      }
    }
  }
}

std::string fit_of(const geometry::PromptGeometry& geometry, Blocks blocks) {
  const auto count = static_cast<Index>(blocks.size());
  if (count == geometry.block_count()) return "The benchmark fit";
  if (count == 1) return "The benchmark fit of this block";
  return fmt::format("The benchmark fit of these {}", counted(count, "block"));
}

/// `fit`: "The benchmark fit", and of which blocks.
void collect_warnings(const std::string& fit, HorizonChoice& result) {
  const auto warn = [&](std::string text) { result.warnings.push_back(std::move(text)); };
  constexpr double notable_mass = 1e-10;
  if (result.system.clipped > notable_mass * result.system.trace) {
    warn(fmt::format("Negative eigenvalues of {:.3g} in sum, {:.3g} of the trace, were set to 0.",
                     result.system.clipped, result.system.clipped / result.system.trace));
  }
  if (!has_something_to_learn(result)) return;
  warn_without_zero(result);
  warn_at_last_horizon(result);
  warn_of_flat_likelihood(result);
  if (result.fit && result.fit->at_lower_edge) {
    warn(fit +
         " finds no sign of observation variance: lambda_star is at the lower end of its range.");
  }
  if (result.fit && result.fit->at_upper_edge) {
    warn(fit + " finds no sign of a signal: lambda_star is at the upper end of its range.");
  }
  if (result.fit && result.fit->local_minima > 1) {
    warn(fmt::format("The likelihood of the benchmark has {} maxima; the highest is used.",
                     result.fit->local_minima));
  }
}

}  // namespace

std::vector<std::int64_t> default_horizons() {
  std::vector<std::int64_t> horizons(31);
  std::iota(horizons.begin(), horizons.end(), std::int64_t{0});
  return horizons;
}

std::string_view name_of(Sigma2Rule rule) {
  switch (rule) {
    case Sigma2Rule::plug_in:
      return "plug-in";
    case Sigma2Rule::profile:
      return "profile";
    default:
      return "fixed";
  }
}

std::string_view name_of(BoundReference reference) {
  return reference == BoundReference::known ? "known" : "plug-in";
}

GapPair HorizonChoice::mean_gap() const {
  GapPair mean;
  if (queries.empty()) {
    mean.none = prompt.none / static_cast<double>(n);
    mean.map = prompt.map / static_cast<double>(n);
  } else {
    for (const QueryAdvice& query : queries) {
      mean.none += query.gap_none / static_cast<double>(queries.size());
      mean.map += query.gap_map / static_cast<double>(queries.size());
    }
  }
  mean.adapt = mean.map < mean.none;
  return mean;
}

bool HorizonChoice::has_intervals() const {
  return std::ranges::any_of(queries,
                             [](const QueryAdvice& query) { return query.interval.has_value(); });
}

HorizonChoice choose_horizon(const geometry::PromptGeometry& geometry,
                             const HorizonOptions& options) {
  return choose_horizon(geometry, geometry::all_blocks(geometry), options);
}

HorizonChoice choose_horizon(const geometry::PromptGeometry& geometry, Blocks blocks,
                             const HorizonOptions& options) {
  HorizonChoice result = choose_horizon_as_part(geometry, blocks, options);
  if (geometry.tokenwise && result.t_map > 0) {
    result.warnings.emplace_back(tokenwise_rate_warning);
  }
  for (std::string& text : range_warnings(error_range(geometry), result)) {
    result.warnings.push_back(std::move(text));
  }
  return result;
}

HorizonChoice choose_horizon_as_part(const geometry::PromptGeometry& geometry, Blocks blocks,
                                     const HorizonOptions& options) {
  check_options(options);
  geometry::check_geometry("choose_horizon", geometry, blocks);
  if (options.query && (*options.query < 0 || *options.query >= geometry.queries())) {
    throw ArgumentError("choose_horizon", "query",
                        fmt::format("is {}, but the geometry has {}, counted from 0",
                                    *options.query, counted(geometry.queries(), "query")));
  }
  HorizonChoice result;
  result.n = geometry.examples();
  result.system = spectral::decompose(geometry::summed_kernel(geometry, blocks));
  spectral::check_semidefinite("choose_horizon", "geometry.kernels, summed,", result.system);
  result.lambda_max = result.system.largest();
  result.rho = options.step.for_kernel(result.lambda_max);
  const VectorXd rotated = result.system.rotate(geometry.residuals);
  take_benchmark(fitted(options, result.system.values, rotated), options, result);
  take_curve(evidence::evidence_curve(result.system.values, rotated, result.rho,
                                      candidates(options), options.sigma2),
             options, result);
  certify(options, result);
  warn_of_couplings(geometry, blocks, queries_of(geometry, options), result);
  judge(geometry, blocks, rotated, options, result);
  collect_warnings(fit_of(geometry, blocks), result);
  return result;
}

}  // namespace sextant::advice
