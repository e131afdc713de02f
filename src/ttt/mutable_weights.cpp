#include "mutable_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"

namespace sextant::ttt {

std::vector<model::ModelBlock> find_blocks(const model::ModelConfig& config,
                                           const std::vector<std::string>& names) {
  model::CaptureOptions every;
  every.kinds.assign(std::begin(model::block_kinds), std::end(model::block_kinds));
  const auto known = model::model_blocks(config, every);
  std::vector<model::ModelBlock> blocks;
  for (const std::string& name : names) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& block) { return block.block.name == name; });
    if (found == known.end()) {
      throw ArgumentError("adapt", "blocks",
                          fmt::format("name \"{}\", which the model lacks", name));
    }
    blocks.push_back(*found);
  }
  return blocks;
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

double MutableWeights::distance(const model::Weights<float>& base) const {
  double squared = 0;
  for (const auto& [key, matrix] : matrices_) {
    const auto before = copy(base.linear(key.first, key.second).weight);
    squared += (*matrix - before).cast<double>().squaredNorm();
  }
  return std::sqrt(squared);
}

std::vector<model::AdaptedMatrix> MutableWeights::changed() const {
  std::vector<model::AdaptedMatrix> result;
  for (const auto& [key, matrix] : matrices_) result.push_back({key.first, key.second, *matrix});
  return result;
}

}  // namespace sextant::ttt
