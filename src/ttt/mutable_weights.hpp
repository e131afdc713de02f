#pragma once

/// A model's weights while an update changes some of them.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/model/gradient.hpp"
#include "sextant/model/weights.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// The model's blocks with the given names and their scales, in that order. Throws `ArgumentError`
/// for unknown names.
std::vector<model::ModelBlock> find_blocks(std::string_view function, const PromptModel& model,
                                           const std::vector<std::string>& names);

/// Throws `ArgumentError` unless `geometry` has the model's numbers of examples and queries with
/// their predictions and the labels of its prompt, and its kernels hold the scales that the model
/// moves their blocks by and, where `blocks` are to be moved, are of exact features.
void check_captured_from(std::string_view function, const PromptModel& model,
                         const std::vector<std::string>& blocks,
                         const geometry::PromptGeometry& geometry);

/// Throws `ArgumentError` unless the predictions in `geometry`, `in_geometry`, are `found`, those
/// of the model that is to be adapted, to 1e-3 of the largest prediction or target. Both [N];
/// called `field` in messages.
void check_predictions_agree(std::string_view function, std::string_view field,
                             const PromptModel& model, const Eigen::VectorXd& in_geometry,
                             const Eigen::VectorXd& found);

/// |matrix|^2 over the entries of `block`, in units of the block's scale.
double squared_norm(const model::Rows<float>& matrix, const model::ModelBlock& block);

/// Weights that share storage with `base`, except for the matrices of a gradient, which are owned.
class MutableWeights {
 public:
  using Matrices = model::WeightMatrices<float>;

  MutableWeights(const model::Weights<float>& base, const Matrices& like);

  const model::Weights<float>& weights() const { return weights_; }
  /// w <- w + step * direction
  void add(double step, const Matrices& direction);
  /// |w - base| over the entries of `blocks`, each in units of the root of its block's scale.
  double distance(const model::Weights<float>& base,
                  std::span<const model::ModelBlock> blocks) const;
  std::vector<model::AdaptedMatrix> changed() const;

 private:
  model::Weights<float> weights_;
  std::map<model::BlockGradient<float>::Key, std::shared_ptr<model::Rows<float>>> matrices_;
};

}  // namespace sextant::ttt
