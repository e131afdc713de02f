#pragma once

/// Test tasks of the single-index experiment and what every method makes of them.

#include <array>
#include <string>
#include <vector>

#include "sextant/studies/reproduce/single_index_study.hpp"
#include "sextant/studies/single_index/in_context.hpp"
#include "sextant/studies/single_index/stages.hpp"

namespace sextant::studies::reproduce::theory {

/// A pretrained attention matrix and where it came from.
struct PretrainedCase {
  generators::SingleIndexFamily family;
  single_index::Attention attention;
  Eigen::MatrixXd subspace;
  Eigen::Index prompts = 0;
  single_index::Pretrained pretrained;
};

/// Ways to fit the last stage on the same direction.
inline constexpr std::array<const char*, 14> last_stage_names = {
    "evidence",         "GCV",
    "penalty 1e-8",     "penalty 1e-6",
    "penalty 1e-4",     "T, fitted variances",
    "T_MAP, profile",   "T_MAP, plug-in",
    "T = 10^4",         "T = 10^6",
    "T = 10^8",         "all samples, evidence",
    "all samples, GCV", "best penalty in hindsight"};
inline constexpr std::size_t evidence_place = 0, gcv_place = 1, benchmark_place = 5,
                             profile_place = 6, plug_in_place = 7, all_evidence_place = 11,
                             all_gcv_place = 12, hindsight_place = 13;

struct LearnedOutcome {
  double start = 0;                                         ///< |<beta, u0>|
  double weak = 0;                                          ///< |<beta, u1>|
  double strong = 0;                                        ///< |<beta, u>|
  Eigen::VectorXd path;                                     ///< |<beta, u_t>| at `recorded_steps`.
  std::array<double, last_stage_names.size()> excess = {};  ///< Exact.
  double drawn_excess = 0;      ///< Of GCV, on the inputs that all methods share.
  double gcv_penalty = 0;       ///< Over lambda_max.
  double evidence_penalty = 0;  ///< Over lambda_max.
  double benchmark_steps = 0;
  double profile_steps = 0;
  double plug_in_steps = 0;
};

/// One N at one pretrained case; errors beyond the labels' noise. Test task i, its samples and the
/// drawn test inputs are the same for every method.
struct Cell {
  Eigen::Index samples = 0;
  std::vector<LearnedOutcome> learned;
  std::vector<double> kernel;      ///< Kernel ridge on all coordinates, first tasks; may be empty.
  std::vector<double> projected;   ///< Kernel ridge in the learned subspace; may be empty.
  std::vector<double> in_context;  ///< May be empty.
};

/// Steps of strong recovery at which alignment is kept, as far as there are samples.
std::vector<Eigen::Index> recorded_steps(Eigen::Index samples);

PretrainedCase pretrain_case(const SingleIndexOptions& options, Eigen::Index dimension,
                             Eigen::Index rank, double key_gain);

/// The three stages on `tasks` test tasks with labels of `link`.
Cell run_learner(const SingleIndexOptions& options, const PretrainedCase& pretrained,
                 generators::LinkFamily link, Eigen::Index samples, int tasks);
/// Kernel ridge regression in the learned subspace, and where asked on all coordinates, on the
/// first `kernel_tasks` of them.
void run_kernel_ridge(const SingleIndexOptions& options, const PretrainedCase& pretrained,
                      Cell& cell, bool on_all_coordinates);
/// The in-context predictor on all of them; `scale` multiplies gamma.
std::vector<double> run_in_context(const SingleIndexOptions& options,
                                   const PretrainedCase& pretrained, Eigen::Index samples,
                                   double scale);

/// Excess of one place of `last_stage_names`, over tasks.
std::vector<double> excess_of(const Cell& cell, std::size_t place);
/// `drawn_excess` over tasks.
std::vector<double> drawn_excess_of(const Cell& cell);
double median_of(std::vector<double> values);
double mean_of(const std::vector<double>& values);

/// Closed forms against drawn data, one section of the study.
TheorySection single_index_closed_forms(const SingleIndexOptions& options);

}  // namespace sextant::studies::reproduce::theory
