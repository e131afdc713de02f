#pragma once

/// AdamW with decoupled weight decay, gradient clipping and the learning-rate schedule.

#include <cstddef>
#include <vector>

#include "sextant/model/parameters.hpp"

namespace sextant::studies::pretrain {

/// Linear warm-up, then a half cosine to `final_share` of the peak.
struct Schedule {
  double peak = 1e-3;        ///< Largest learning rate, above 0.
  int warmup = 100;          ///< Steps until the peak is reached, 0 to steps.
  int steps = 1000;          ///< All steps, at least 1.
  double final_share = 0.0;  ///< In [0, 1].
};

/// The rate of `step` (0, ..., steps - 1): peak (step + 1) / warmup during the warm-up, then
/// peak (f + (1 - f) (1 + cos(pi u)) / 2), u = (step - warmup) / (steps - warmup), f = final_share.
/// Throws `ArgumentError` when the schedule or the step is out of range.
double learning_rate(const Schedule& schedule, int step);

struct AdamWOptions {
  double beta1 = 0.9;          ///< Decay of the first moment, in [0, 1).
  double beta2 = 0.98;         ///< Decay of the second moment, in [0, 1).
  double epsilon = 1e-8;       ///< Added to the root of the second moment.
  double weight_decay = 0.01;  ///< Of matrices; never of norms, biases and embeddings.
};

/// Running means of the gradient and of its square, in the order of `Parameters::values`.
template <class Scalar>
struct Moments {
  explicit Moments(std::size_t size) : first(size, Scalar(0)), second(size, Scalar(0)) {}
  std::vector<Scalar> first;
  std::vector<Scalar> second;
};

/// Whether AdamW decays this tensor: true for weight matrices of linear maps.
bool is_decayed(const model::ParameterShape& parameter);

/// One step of AdamW (Loshchilov and Hutter, 2019): with m and v the updated moments and t = step
/// + 1, each value w becomes w - rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// + weight_decay w), the last term for decayed tensors only. Deterministic for any number of
/// threads. Throws `ArgumentError` when sizes disagree.
template <class Scalar>
void adamw_step(const AdamWOptions& options, double rate, int step,
                const model::Parameters<Scalar>& gradient, Moments<Scalar>& moments,
                model::Parameters<Scalar>& parameters);

/// Scales `gradient` down to the Euclidean norm `largest` when it is longer. Returns the norm
/// before, accumulated in double; when that is not finite nothing is scaled. Deterministic for any
/// number of threads.
template <class Scalar>
double clip_gradient(double largest, std::vector<Scalar>& gradient);

}  // namespace sextant::studies::pretrain
