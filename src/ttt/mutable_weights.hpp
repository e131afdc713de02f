#pragma once

/// A model's weights while an update changes some of them.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sextant/model/gradient.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::ttt {

/// The model's blocks with the given names, in that order. Throws `ArgumentError` for unknown ones.
std::vector<model::ModelBlock> find_blocks(const model::ModelConfig& config,
                                           const std::vector<std::string>& names);

/// Weights that share storage with `base`, except for the matrices of a gradient, which are owned.
class MutableWeights {
 public:
  using Matrices = model::WeightMatrices<float>;

  MutableWeights(const model::Weights<float>& base, const Matrices& like);

  const model::Weights<float>& weights() const { return weights_; }
  /// w <- w + step * direction
  void add(double step, const Matrices& direction);
  /// |w - base|, Euclidean over all changed entries.
  double distance(const model::Weights<float>& base) const;
  std::vector<model::AdaptedMatrix> changed() const;

 private:
  model::Weights<float> weights_;
  std::map<model::BlockGradient<float>::Key, std::shared_ptr<model::Rows<float>>> matrices_;
};

}  // namespace sextant::ttt
