#pragma once

/// How far to adapt, from a geometry alone: the horizon of largest evidence, what it promises for
/// every query, and whether adapting helps at all (theory Secs. 2 to 6).

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/evidence/certificates.hpp"
#include "sextant/evidence/credible.hpp"
#include "sextant/evidence/curve.hpp"
#include "sextant/evidence/posterior.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/horizons.hpp"
#include "sextant/subspace/update.hpp"

namespace sextant::advice {

/// 0, 1, ..., 30: the paper's candidates.
std::vector<std::int64_t> default_horizons();

/// The most steps that can be asked about; `ttt::adapt` makes no more.
inline constexpr std::int64_t largest_horizon = 2147483647;

struct HorizonOptions {
  /// Candidates T, each at least 0; none: `default_horizons`.
  std::vector<std::int64_t> horizons = {};
  subspace::StepRule step = {};  ///< rho = c / lambda_max, c = 0.1.
  /// Observation variance of the evidence. A fixed value is also that of the Gaussian benchmark.
  evidence::Sigma2Choice sigma2 = {};
  std::optional<double> tau2 = {};         ///< Prior scale of the benchmark; fitted without one.
  double delta = 0.05;                     ///< The certificate holds with probability 1 - delta.
  std::optional<Eigen::Index> query = {};  ///< Only this query, from 0; all without one.
};

/// "plug-in", "profile" or "fixed".
std::string_view name_of(evidence::Sigma2Rule rule);

/// A spectrally matched horizon (theory Sec. 4).
struct HorizonMatch {
  double t_mu = 0;                             ///< Time of gradient flow; may be infinite.
  std::optional<std::int64_t> horizon_prompt;  ///< t_mu / rho rounded; empty when out of range.
  std::vector<std::optional<std::int64_t>> horizon_query;  ///< The same per query, own weights.
};

/// Bayes gaps of doing nothing and of T_MAP steps: squared distance to the exact posterior mean in
/// the fitted benchmark, on average over residuals.
struct GapPair {
  double none = 0;
  double map = 0;
  bool adapt = false;  ///< map < none.
};

struct QueryAdvice {
  Eigen::Index query = 0;         ///< Its number, `PromptGeometry::query_number`.
  double correction_map = 0;      ///< k' q_T(K) r at T_MAP: added to the base prediction.
  double correction_average = 0;  ///< With the filter averaged over the posterior of T.
  double correction_bayes = 0;    ///< With the Bayes filter of the fitted benchmark.
  double gap_none = 0;
  double gap_map = 0;
  bool adapt = false;               ///< gap_map < gap_none.
  std::int64_t oracle_horizon = 0;  ///< Candidate of smallest gap for this query.
  /// Variance of the true correction before and after the prompt. The expected squared error of no
  /// update is posterior + gap_none, of T_MAP steps posterior + gap_map.
  double variance_prior = 0;
  double variance_posterior = 0;
  /// Holds the true correction with probability 95%, the variances averaged over instead of fitted
  /// (evidence/credible.hpp); empty where the kernel is zero or tau2 is given as 0.
  std::optional<evidence::CredibleInterval> interval;
  /// That T_MAP steps bring the prediction closer to the truth; empty as `interval`, and where they
  /// leave the prediction as it is.
  std::optional<double> probability_closer;
};

/// Level of the queries' credible intervals.
inline constexpr double credible_level = 0.95;

/// Where the reference distribution of a certificate has its variances from: they were given, or a
/// variance was fitted to the same residuals.
enum class BoundReference { known, fitted };
/// "known" or "plug-in".
std::string_view name_of(BoundReference reference);

/// Radii of the certificate at T_MAP, added to l there.
struct Bound {
  double delta = 0;
  BoundReference reference = BoundReference::known;
  double paper = 0;
  double exact_mgf = 0;
  double exact_tail = 0;
};

/// What an answer from products with the kernel rests on (choose_horizon_products.hpp).
struct ProductAccuracy {
  Eigen::Index steps = 0;          ///< Of every Lanczos run.
  int probes = 0;                  ///< Random vectors behind determinants and traces.
  double lambda_max_residual = 0;  ///< lambda_max is known to within this.
  double evidence_error = 0;       ///< Standard error of l_T - l_0 for T = 1; T times that for T.
  /// T_MAP within two standard errors of the slope of the determinant's term.
  std::int64_t t_map_low = 0;
  std::int64_t t_map_high = 0;
  /// The benchmark's ratio if its likelihood is bounded from above, and from below, each widened by
  /// two standard errors (jackknife over the probes): little apart with enough steps and probes.
  /// lambda_star itself where the variances are given.
  double lambda_star_low = 0;
  double lambda_star_high = 0;
  /// |(K + lambda_star I) x - r| / |r| of the solution x behind Bayes corrections; 0 where
  /// lambda_star is 0 or infinite.
  double solve_residual = 0;
};

struct HorizonChoice {
  Eigen::Index n = 0;
  spectral::Eigensystem system;  ///< Of the kernel; `system.values` are the contract's eigenvalues.
  std::optional<ProductAccuracy> products;  ///< Empty where the kernel was decomposed.
  double lambda_max = 0;
  double rho = 0;                 ///< 0 for a zero kernel.
  evidence::EvidenceCurve curve;  ///< Horizons and l_T.
  std::int64_t t_map = 0;         ///< T_MAP; 0 for a zero kernel, where no step moves anything.
  double sigma2 = 0;              ///< The evidence's variance at T_MAP.
  evidence::Sigma2Rule sigma2_rule = evidence::Sigma2Rule::plug_in;
  evidence::HorizonPosterior posterior;
  spectral::Benchmark benchmark;  ///< tau2 and sigma2, fitted or given.
  /// sigma2 / tau2; infinite when there is no sign of a signal, and a convention where it is not
  /// identified.
  double lambda_star = 0;
  std::optional<evidence::BenchmarkFit> fit;  ///< How they were fitted; empty when both are given.
  std::optional<Bound> bound;                 ///< Empty when the evidence's variance is 0 (r = 0).
  /// Over the benchmark's variances where they are not given; empty for tau2 = 0.
  std::optional<evidence::VariancePosterior> variances;
  HorizonMatch spectral_match;
  std::int64_t oracle_horizon_prompt = 0;  ///< Candidate of smallest prompt gap.
  GapPair prompt;                          ///< Gaps summed over the n examples.
  std::vector<QueryAdvice> queries;
  /// No coupling is larger than products of gradients can be; otherwise `warnings` name the first.
  bool couplings_fit = true;
  /// Plain sentences about numerical outcomes: optimum on an edge, clipped mass, several maxima.
  std::vector<std::string> warnings;

  /// Means of the queries' gaps; those of the prompt, per example, when there is no query.
  GapPair mean_gap() const;
  /// Whether there was one candidate alone: its T was given, and is not called T_MAP.
  bool is_given() const { return curve.horizons.size() == 1; }
  /// Whether the residuals tell signal from noise at all (`evidence::BenchmarkFit::flat`). Where
  /// they do not, gaps and Bayes corrections assume equal shares, and a warning says so.
  bool identifies_lambda_star() const { return !fit || !fit->flat; }
  /// Whether some query has a credible interval: not from products, and not with tau2 = 0.
  bool has_intervals() const;
};

/// The warning of a choice from tokenwise features whose steps are to be made.
inline constexpr std::string_view tokenwise_rate_warning =
    "Chosen from tokenwise features: blocks and steps hold, the learning rate does not. Take it "
    "from the exact kernel of the blocks that are adapted.";

/// Everything above for the sum of all block kernels of `geometry`, which must be valid
/// (`geometry::validate`). Degenerate inputs have defined answers: a zero kernel gives rho = 0 and
/// T_MAP = 0; r = 0 gives T_MAP = the smallest candidate, zero variances, gaps and corrections; m =
/// 0 gives no queries.
///
/// Throws `ArgumentError` for options out of range and a query that does not exist, a geometry
/// that `geometry::check_geometry` refuses, and a sum of kernels that is not positive semidefinite.
/// Couplings that no gradients have, above sqrt(K_ii kappa) in a block or k' K^-1 k above kappa in
/// sum, are warned of, and so are gaps and corrections beyond the range of labels and predictions.
/// Cost: one decomposition, O(n^3), then O(n^2 (B + m) + n |horizons|).
/// Deterministic.
HorizonChoice choose_horizon(const geometry::PromptGeometry& geometry,
                             const HorizonOptions& options = {});

/// The same on the blocks `blocks` (indices) alone: their summed kernel, couplings and variances.
HorizonChoice choose_horizon(const geometry::PromptGeometry& geometry,
                             std::span<const Eigen::Index> blocks, const HorizonOptions& options);

}  // namespace sextant::advice
