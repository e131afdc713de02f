#include "mutable_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"

namespace sextant::ttt {

namespace {

const model::ModelBlock& find(const std::vector<model::ModelBlock>& known, const std::string& name,
                              std::string_view function) {
  const auto found =
      std::ranges::find(known, name, [](const auto& block) { return block.block.name; });
  if (found == known.end()) {
    std::vector<geometry::Block> blocks;
    for (const model::ModelBlock& block : known) blocks.push_back(block.block);
    throw ArgumentError(function, "blocks", geometry::unknown_block(name, blocks));
  }
  return *found;
}

}  // namespace

std::vector<model::ModelBlock> find_blocks(std::string_view function, const PromptModel& model,
                                           const std::vector<std::string>& names) {
  const auto known = model::all_model_blocks(model.weights().config);
  std::vector<model::ModelBlock> blocks;
  for (const std::string& name : names) {
    model::ModelBlock& block = blocks.emplace_back(find(known, name, function));
    block.scale = model.block_scale(name);
  }
  return blocks;
}

void PromptModel::set_block_scales(geometry::BlockScales scales) {
  const auto known = model::all_model_blocks(weights_.config);
  for (const auto& [name, scale] : scales) {
    find(known, name, "set_block_scales");
    geometry::check_scale("set_block_scales", name, scale);
  }
  block_scales_ = std::move(scales);
}

namespace {

/// Where two vectors differ most, if by more than single precision on any machine explains beside
/// numbers of size `scale`.
std::optional<Eigen::Index> largest_disagreement(const Eigen::VectorXd& a, const Eigen::VectorXd& b,
                                                 double scale) {
  constexpr double tolerance = 1e-3;
  Eigen::Index worst = 0;
  const double difference = (a - b).cwiseAbs().maxCoeff(&worst);
  if (difference <= tolerance * scale) return std::nullopt;
  return worst;
}

/// Predictions and kernels do not tell other labels.
void check_labels_agree(std::string_view function, const PromptModel& model,
                        const geometry::PromptGeometry& geometry) {
  const Eigen::VectorXd labels = geometry.prompt_base + geometry.residuals;
  const double scale =
      std::max(geometry.prompt_base.cwiseAbs().maxCoeff(), model.targets().cwiseAbs().maxCoeff());
  const auto worst = largest_disagreement(labels, model.targets(), scale);
  if (!worst) return;
  throw ArgumentError(
      function, "geometry",
      fmt::format("is of other labels: prompt_base + residuals is {:.6g} at example {}, and this "
                  "prompt's label {:.6g}",
                  labels[*worst], *worst, model.targets()[*worst]));
}

}  // namespace

void check_captured_from(std::string_view function, const PromptModel& model,
                         const std::vector<std::string>& blocks,
                         const geometry::PromptGeometry& geometry) {
  const auto n = static_cast<std::size_t>(model.examples());
  const auto m = static_cast<std::size_t>(model.queries());
  check_size(function, "geometry.residuals", static_cast<std::size_t>(geometry.examples()), n);
  check_size(function, "geometry.prompt_base",
             static_cast<std::size_t>(geometry.prompt_base.size()), n);
  check_size(function, "geometry.query_kernels", static_cast<std::size_t>(geometry.queries()), m);
  check_size(function, "geometry.query_base", static_cast<std::size_t>(geometry.query_base.size()),
             m);
  check_labels_agree(function, model, geometry);
  if (geometry.tokenwise && !blocks.empty()) {
    throw ArgumentError(function, "geometry",
                        "is of tokenwise features, by which blocks and steps are chosen: an update "
                        "follows exact ones");
  }
  const std::string difference =
      geometry::scale_difference(geometry::block_names(geometry), geometry.block_scales, "in it",
                                 model.block_scales(), "in the model");
  if (difference.empty()) return;
  throw ArgumentError(function, "geometry",
                      "was made under other block scales: " + difference +
                          "; set the model's before the capture and not after it");
}

void check_predictions_agree(std::string_view function, std::string_view field,
                             const PromptModel& model, const Eigen::VectorXd& in_geometry,
                             const Eigen::VectorXd& found) {
  if (found.size() == 0) return;
  const double scale = std::max(found.cwiseAbs().maxCoeff(), model.targets().cwiseAbs().maxCoeff());
  const auto worst = largest_disagreement(in_geometry, found, scale);
  if (!worst) return;
  throw ArgumentError(
      function, "geometry",
      fmt::format("was captured from another model or prompt: {}[{}] is {:.6g}, and this model "
                  "predicts {:.6g}",
                  field, *worst, in_geometry[*worst], found[*worst]));
}

double squared_norm(const model::Rows<float>& matrix, const model::ModelBlock& block) {
  return block.slice.of(matrix).cast<double>().squaredNorm() / block.scale;
}

MutableWeights::MutableWeights(const model::Weights<float>& base, const Matrices& like)
    : weights_(base) {
  for (const auto& [key, ignored] : like) {
    const auto [layer, kind] = key;
    auto matrix = std::make_shared<model::Rows<float>>(copy(base.linear(layer, kind).weight));
    weights_.replace(layer, kind, matrix);
    matrices_[key] = std::move(matrix);
  }
}

void MutableWeights::add(double step, const Matrices& direction) {
  for (const auto& [key, values] : direction) {
    *matrices_.at(key) += static_cast<float>(step) * values;
  }
}

double MutableWeights::distance(const model::Weights<float>& base,
                                std::span<const model::ModelBlock> blocks) const {
  double squared = 0;
  for (const model::ModelBlock& block : blocks) {
    squared += squared_norm(
        *matrices_.at(block.matrix()) - copy(base.linear(block.block.layer, block.kind).weight),
        block);
  }
  return std::sqrt(squared);
}

std::vector<model::AdaptedMatrix> MutableWeights::changed() const {
  std::vector<model::AdaptedMatrix> result;
  for (const auto& [key, matrix] : matrices_) result.push_back({key.first, key.second, *matrix});
  return result;
}

}  // namespace sextant::ttt
