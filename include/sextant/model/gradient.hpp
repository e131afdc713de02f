#pragma once

/// Gradients summed over sequences, for chosen blocks only.

#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sextant/model/capture.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {

/// Adds `scale` times the sum over rows of (input row)' (cotangent row), restricted to `slice`, to
/// a matrix of the weight's full shape at `target` with `stride` elements between rows: [in, out],
/// or [out, in] when `transposed`.
template <class Scalar>
void add_gradient(const LinearFactors<Scalar>& factors, const BlockSlice& slice, Scalar* target,
                  std::size_t stride, bool transposed, Scalar scale = 1);

/// One matrix [in, out] for each of some weight matrices: a gradient, or a direction to move in.
template <class Scalar>
using WeightMatrices = std::map<std::pair<int, LinearKind>, Rows<Scalar>>;

/// The gradient of a scalar in each of `blocks`, times the block's scale, as matrices of the full
/// weight's shape [in, out] that are zero outside the blocks. Use with `tree_layouts`.
template <class Scalar>
class BlockGradient : public GradientObserver<Scalar> {
 public:
  using Key = typename WeightMatrices<Scalar>::key_type;

  /// Throws `ArgumentError` for no block, and one that is not a part of the model's matrices.
  BlockGradient(const ModelConfig& config, std::span<const ModelBlock> blocks);

  bool wants(int layer, LinearKind kind) const override { return parts_.contains({layer, kind}); }
  int lowest_layer() const override { return parts_.begin()->first.first; }
  void linear(const LinearFactors<Scalar>& factors) override;

  /// One matrix for every weight that holds a block.
  const WeightMatrices<Scalar>& matrices() const { return matrices_; }
  void set_zero();

 private:
  struct Part {
    BlockSlice slice;
    Scalar scale;
  };
  std::map<Key, std::vector<Part>> parts_;
  WeightMatrices<Scalar> matrices_;
};

}  // namespace sextant::model
