#pragma once

/// How far and which blocks, on prompts of the Gaussian benchmark itself (theory Secs. 5 and 7),
/// where every error is an exact expectation.

#include <cstdint>
#include <string>
#include <vector>

#include "sextant/studies/reproduce/comparison.hpp"
#include "sextant/studies/reproduce/run_log.hpp"

namespace sextant::studies::reproduce {

/// One block of d parameters whose gradients have the variances i^-decay / sum, i = 1, ..., d, so
/// that a prediction has the prior variance 1 (tau2 = 1).
struct GaussianSpectrum {
  Eigen::Index examples = 10;
  Eigen::Index parameters = 30;
  double decay = 1;
};

/// 48 blocks of 1 to `most_parameters` parameters with scales exp(N(0, scale_spread^2)), 10
/// examples, one query whose gradient in every block is a factor exp(N(0, coupling_spread^2)) off,
/// tau2 = 1, and sigma2 half the mean of the kernel's expected diagonal.
struct GaussianHeads {
  int most_parameters = 4;
  double scale_spread = 1.5;
  double coupling_spread = 0;
  std::int64_t horizon = 8;  ///< T of the update, also the one that greedy rules plan for.
};

struct GaussianOptions : RunOptions {
  std::size_t prompts = 3000;    ///< Of each spectrum, at least 2.
  std::size_t geometries = 200;  ///< Of each set of heads, at least 2.
  std::uint64_t seed = 1;
  std::vector<GaussianSpectrum> spectra = {{10, 30, 1}, {50, 200, 1}, {50, 100, 2}};
  std::vector<double> signal_to_noise = {0.2, 20};  ///< tau2/sigma2, drawn for each prompt.
  /// A few large directions, which ten examples can learn; the same with couplings of wider spread;
  /// many directions, which they cannot.
  std::vector<GaussianHeads> heads = {{4, 1.5, 0, 8},  {4, 1.5, 0, 30}, {4, 1.5, 1, 8},
                                      {4, 1.5, 1, 30}, {16, 1, 0, 8},   {16, 1, 0, 30}};
  std::vector<int> budgets = {1, 2, 4, 8, 16, 32};
  statistics::ResamplingOptions resampling;
};

/// Ways to choose on one spectrum. Errors are E[(h - f(x))^2 | r, K]: the squared distance to the
/// exact posterior mean plus the posterior variance. The reference is T_MAP (plug-in).
struct SpectrumResult {
  GaussianSpectrum spectrum;
  GroupSummary summary;
};

/// One rule at one budget, over geometries.
struct RuleRisk {
  std::string method;
  int budget = 0;
  statistics::Estimate risk;          ///< R(S) over R of no update.
  statistics::Comparison risk_gains;  ///< How much smaller the rule `risk` makes it.
  double adjusted_p = 1;              ///< Holm's, over all rules and budgets of one set of heads.
};

struct HeadsResult {
  GaussianHeads heads;
  std::vector<RuleRisk> rules;
};

struct GaussianResult {
  std::vector<SpectrumResult> spectra;
  std::vector<HeadsResult> heads;
};

/// Runs what is missing and writes, below `out`, spectrum-N.csv and heads-N.csv as it goes. The
/// same options give the same numbers, whatever the threads and stops. Throws as `run_study`.
GaussianResult run_gaussian_study(const GaussianOptions& options);

}  // namespace sextant::studies::reproduce
