#pragma once

/// From an encoder's final hidden states to one vector for a text.

#include <Eigen/Core>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sextant/model/linear_algebra.hpp"
#include "sextant/model/token_batch.hpp"

namespace sextant::readout {

/// `mean` of all tokens, special tokens included, or the first token, [CLS], alone.
enum class PoolingMode { mean, cls };

/// p, the mean or the first of the hidden states, or p / |p|.
struct Pooling {
  PoolingMode mode = PoolingMode::mean;
  bool normalize = false;  ///< Divide by the Euclidean norm, or by `least_norm` if that is larger.

  bool operator==(const Pooling&) const = default;
};

/// What a norm is at least when it divides, as in PyTorch's `functional.normalize`.
inline constexpr double least_norm = 1e-12;

/// "mean", "cls", "mean normalized" or "cls normalized".
std::string pooling_name(const Pooling& pooling);
/// The pooling with this name, if there is one.
std::optional<Pooling> pooling_from_name(std::string_view name);

/// The pooled vector [d] of the text whose hidden states are rows `outputs`, in the order of its
/// tokens, of `hidden` [O, d].
template <class Scalar>
Eigen::VectorXd pool(const model::Rows<Scalar>& hidden, std::span<const int> outputs,
                     const Pooling& pooling);

/// The pooled vectors [N, d] of all sequences of the batch.
template <class Scalar>
Eigen::MatrixXd pool(const model::Rows<Scalar>& hidden, const model::TokenBatch& batch,
                     const Pooling& pooling);

/// Adds factor * d(weight . pooled)/dhidden to rows `target` of `cotangent`, one for each of
/// `outputs`. Exact; at a norm below `least_norm` the derivative of the division by that constant.
template <class Scalar>
void pool_pull_back(const model::Rows<Scalar>& hidden, std::span<const int> outputs,
                    const Pooling& pooling, const Eigen::VectorXd& weight, double factor,
                    std::span<const int> target, model::Rows<Scalar>& cotangent);

}  // namespace sextant::readout
