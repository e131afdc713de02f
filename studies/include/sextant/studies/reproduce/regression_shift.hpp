#pragma once

/// The nonlinear check of the linear transformer's theory: a GPT-2 that learned linear regression
/// in context, adapted at test time to tasks whose inputs have another covariance, from its
/// pretrained weights and from scratch (Gozeten et al., arXiv:2503.11842).

#include <cstdint>
#include <filesystem>
#include <vector>

#include "sextant/studies/reproduce/theory_study.hpp"

namespace sextant::studies::reproduce {

struct RegressionShiftOptions {
  int tasks = 48;        ///< Per covariance, at least 2.
  int pilot_tasks = 12;  ///< Others, for step size and number of steps, at least 1.
  std::vector<int> samples = {5, 10, 20, 40, 80, 160};     ///< k of the update, each at least 1.
  std::vector<int> steps = {1, 2, 4, 8, 16, 32, 64, 128};  ///< Candidates, ascending.
  double noise = 0.1;  ///< Variance of the labels' noise, at least 0; the recipe's default.
  std::uint64_t seed = 1;
};

/// One context of as many pairs as the model was trained for; AdamW on all weights with all k
/// samples at each step, the loss a mean of squared errors with that context. Step size and number
/// of steps are those with the smallest mean error on pilot tasks, for each start and k; no update
/// at all is a candidate, too. Errors are of noiseless labels, with the context of the update and
/// with fresh contexts. `model`: a directory of `sextant pretrain regression`.
///
/// Throws `ArgumentError` for options out of range and `InputError` for another model. The same for
/// any number of threads. Cost: (pilot_tasks grid + tasks) sum(k) steps passes.
TheoryStudy regression_shift_study(const RegressionShiftOptions& options,
                                   const std::filesystem::path& model);

}  // namespace sextant::studies::reproduce
