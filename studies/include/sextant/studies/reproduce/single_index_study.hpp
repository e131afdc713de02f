#pragma once

/// The single-index learner against its in-context predictor and kernel ridge regression: what
/// `sextant reproduce single-index` prints. Kuwataka and Suzuki, arXiv:2509.25741.

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "sextant/studies/reproduce/run_log.hpp"
#include "sextant/studies/reproduce/theory_study.hpp"

namespace sextant::studies::reproduce {

struct SingleIndexOptions {
  std::vector<Eigen::Index> dimensions = {16, 32, 64};  ///< d, each at least the largest rank.
  Eigen::Index rank = 4;                                ///< r
  std::vector<Eigen::Index> more_ranks = {8};           ///< Also these, at the middle dimension.
  std::vector<Eigen::Index> samples = {512, 1024, 2048, 4096, 8192};  ///< N at test time.
  int tasks = 32;                            ///< Test tasks of each cell, at least 2.
  int kernel_tasks = 8;                      ///< The first of them for kernel ridge, at least 2.
  Eigen::Index kernel_samples = 4096;        ///< Kernel ridge up to this N.
  Eigen::Index prompts_per_dimension = 200;  ///< Of pretraining; times r/4 above r = 4.
  Eigen::Index prompt_size = 1024;           ///< Examples, and queries, of a pretraining prompt.
  std::uint64_t seed = 1;
  PartProgress on_progress;  ///< May be empty.
};

/// Throws `ArgumentError` for options out of range, before anything is run or written.
void check_options(const SingleIndexOptions& options);

/// Pretraining, errors against test samples, alignment stage by stage, the last stage's choices,
/// larger ranks, links that differ from pretraining, and closed forms against simulation. Throws
/// `ArgumentError` for options out of range. Minutes; the same numbers for every number of threads.
TheoryStudy single_index_study(const SingleIndexOptions& options);

}  // namespace sextant::studies::reproduce
