#pragma once

/// Training a model from scratch, step by step, with a state that can be saved and resumed.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sextant/studies/pretrain/label_loss.hpp"
#include "sextant/studies/pretrain/optimizer.hpp"

namespace sextant::studies::pretrain {

struct TrainingOptions {
  Schedule schedule;
  AdamWOptions adamw;
  double largest_gradient = 1.0;  ///< Euclidean norm at which the gradient is clipped.
};

/// Everything that later steps depend on besides the options and the data.
struct TrainingState {
  explicit TrainingState(const model::ModelConfig& config)
      : parameters(config), moments(parameters.values().size()) {}
  int steps_done() const { return static_cast<int>(losses.size()); }

  model::Parameters<float> parameters;
  Moments<float> moments;
  std::vector<double> losses;  ///< Of every step so far, before its update.
};

/// GPT-2's initial values: matrices and embeddings N(0, `deviation`^2), those that write to the
/// residual stream divided by sqrt(2 layers); gains 1, biases 0. Deterministic by `seed`.
void initialize(std::uint64_t seed, double deviation, model::Parameters<float>& parameters);

/// Sets the gradient of a batch's loss with respect to all parameters and returns the loss.
using LossGradient = std::function<double(const model::Parameters<float>& parameters,
                                          model::Parameters<float>& gradient)>;

/// One step: gradient of `loss`, clipping, AdamW. `gradient` is a workspace. Returns the loss
/// before the update. Throws `NumericalError` when the loss or the gradient is not finite, and then
/// leaves `state` as it was.
double train_step(const TrainingOptions& options, const LossGradient& loss, TrainingState& state,
                  model::Parameters<float>& gradient);

/// As above, on the label loss of a causal model.
double train_step(const TrainingOptions& options, const LabelledSequences& batch,
                  TrainingState& state, model::Parameters<float>& gradient);

/// Writes the state to a safetensors file, atomically. `recipe` says what the run is; only a run
/// with the same recipe may resume from it.
void save_state(const TrainingState& state, const std::string& recipe,
                const std::filesystem::path& path);

/// Reads what `save_state` wrote: continuing from it gives the same bits as never having stopped.
/// Throws `InputError` when the file is not such a state, has another recipe or other sizes, or was
/// computed with other BLAS kernels or another vector width (`model::arithmetic_in_use`).
TrainingState load_state(const model::ModelConfig& config, const std::string& recipe,
                         const std::filesystem::path& path);

}  // namespace sextant::studies::pretrain
