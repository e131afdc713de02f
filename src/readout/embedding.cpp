#include "sextant/readout/embedding.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::readout {
namespace {

constexpr std::size_t batch_tokens = 2048;

}  // namespace

Eigen::MatrixXd embed(const model::Weights<float>& weights,
                      const std::vector<std::vector<int>>& sequences, const Pooling& pooling,
                      const std::function<void(std::size_t)>& on_progress) {
  Eigen::MatrixXd result(static_cast<Eigen::Index>(sequences.size()), weights.config.width);
  std::size_t done = 0;
  while (done < sequences.size()) {
    std::vector<std::vector<int>> part;
    std::size_t tokens = 0;
    while (done + part.size() < sequences.size() && (part.empty() || tokens < batch_tokens)) {
      part.push_back(sequences[done + part.size()]);
      tokens += part.back().size();
    }
    const auto batch = model::pack_bidirectional(part);
    const auto hidden = model::forward(weights, batch, model::tree_layouts(batch), false).hidden;
    const Eigen::MatrixXd pooled = pool(hidden, batch, pooling);
    if (!pooled.allFinite()) {
      throw NumericalError(
          fmt::format("the model's embedding of a sequence from {} to {} is not finite", done,
                      done + part.size() - 1));
    }
    result.middleRows(static_cast<Eigen::Index>(done), pooled.rows()) = pooled;
    done += part.size();
    if (on_progress) on_progress(done);
  }
  return result;
}

}  // namespace sextant::readout
