#include "sextant/ttt/model_kernel.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mutable_weights.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/prediction.hpp"

namespace sextant::ttt {
namespace {

using Eigen::Index;
using Eigen::VectorXd;
using TokenLists = std::span<const std::vector<int>>;

/// Ends of pieces of consecutive sequences, of about `tokens` tokens that are not the beginning of
/// the sequence before.
std::vector<std::size_t> piece_ends(TokenLists sequences, std::size_t tokens) {
  std::vector<std::size_t> ends;
  std::size_t count = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    std::size_t added = sequences[i].size();
    if (i > 0 && count > 0) {
      const auto& before = sequences[i - 1];
      const auto shared = std::ranges::mismatch(before, sequences[i]).in1 - before.begin();
      added -= static_cast<std::size_t>(shared);
    }
    if (count > 0 && count + added > tokens) {
      ends.push_back(i);
      count = 0;
      added = sequences[i].size();
    }
    count += added;
  }
  ends.push_back(sequences.size());
  return ends;
}

}  // namespace

ModelJacobian::ModelJacobian(const PromptModel& model, TokenLists sequences,
                             const std::vector<std::string>& blocks, const JacobianMemory& memory)
    : model_(model),
      blocks_(find_blocks("ModelJacobian", model, blocks)),
      zero_(model.weights().config, blocks_) {
  if (sequences.empty()) throw ArgumentError("ModelJacobian", "sequences", "is empty");
  predictions_.resize(static_cast<Index>(sequences.size()));
  std::size_t bytes = 0;
  std::size_t begin = 0;
  for (const std::size_t end : piece_ends(sequences, memory.tokens_per_piece)) {
    Piece& piece = pieces_.emplace_back();
    piece.first = static_cast<Index>(begin);
    const std::vector<std::vector<int>> own(sequences.begin() + static_cast<Index>(begin),
                                            sequences.begin() + static_cast<Index>(end));
    piece.batch = task::pack(model.prompt(), own);
    piece.layouts = model::tree_layouts(piece.batch);
    piece.input =
        model::layer_input(model.weights(), piece.batch, piece.layouts, zero_.lowest_layer());
    auto activations = model::forward_from(piece.input, model.weights(), piece.layouts, true);
    predictions_.segment(piece.first, static_cast<Index>(own.size())) =
        model::predict(activations.hidden, piece.batch, model.readout());
    piece.readout_gradients =
        model::sequence_cotangents(activations.hidden, piece.batch, model.readout());
    bytes += activations.bytes();
    if (bytes <= memory.kept_bytes) piece.kept = std::move(activations);
    begin = end;
  }
}

template <class Use>
void ModelJacobian::with_activations(const Piece& piece, const Use& use) const {
  if (piece.kept) {
    use(*piece.kept);
  } else {
    use(model::forward_from(piece.input, model_.weights(), piece.layouts, true));
  }
}

model::WeightMatrices<float> ModelJacobian::pull_back(
    const Eigen::Ref<const VectorXd>& coefficients) const {
  check_size("ModelJacobian::pull_back", "coefficients",
             static_cast<std::size_t>(coefficients.size()), static_cast<std::size_t>(size()));
  check_finite("ModelJacobian::pull_back", "coefficients",
               {coefficients.data(), static_cast<std::size_t>(coefficients.size())});
  model::BlockGradient<float> gradient = zero_;
  for (const Piece& piece : pieces_) {
    with_activations(piece, [&](const model::Activations<float>& activations) {
      model::Rows<float> cotangent =
          model::Rows<float>::Zero(activations.hidden.rows(), activations.hidden.cols());
      Index row = 0;
      for (std::size_t i = 0; i < piece.batch.sequence_outputs.size(); ++i) {
        const auto factor = static_cast<float>(coefficients[piece.first + static_cast<Index>(i)]);
        for (const int output : piece.batch.sequence_outputs[i]) {
          cotangent.row(output) += factor * piece.readout_gradients.row(row++);
        }
      }
      model::backward(model_.weights(), activations, piece.layouts, nullptr, std::move(cotangent),
                      gradient);
    });
  }
  return gradient.matrices();
}

VectorXd ModelJacobian::push_forward(const model::WeightMatrices<float>& directions) const {
  VectorXd changes(size());
  for (const Piece& piece : pieces_) {
    with_activations(piece, [&](const model::Activations<float>& activations) {
      const model::Rows<float> hidden =
          model::push_forward(model_.weights(), activations, piece.layouts, directions);
      Index row = 0;
      for (std::size_t i = 0; i < piece.batch.sequence_outputs.size(); ++i) {
        double change = 0;
        for (const int output : piece.batch.sequence_outputs[i]) {
          change += piece.readout_gradients.row(row++).cast<double>().dot(
              hidden.row(output).cast<double>());
        }
        changes[piece.first + static_cast<Index>(i)] = change;
      }
    });
  }
  return changes;
}

const model::Rows<float>& ModelJacobian::matrix_of(std::string_view function,
                                                   const model::WeightMatrices<float>& directions,
                                                   std::size_t b) const {
  const auto key = blocks_[b].matrix();
  const auto found = directions.find(key);
  if (found == directions.end()) {
    throw ArgumentError(function, "directions",
                        fmt::format("have no matrix of block \"{}\"", blocks_[b].block.name));
  }
  const model::Rows<float>& expected = zero_.matrices().at(key);
  if (found->second.rows() != expected.rows() || found->second.cols() != expected.cols()) {
    throw ArgumentError(function, "directions",
                        fmt::format("have a matrix of {} x {} for block \"{}\", expected {} x {}",
                                    found->second.rows(), found->second.cols(),
                                    blocks_[b].block.name, expected.rows(), expected.cols()));
  }
  return found->second;
}

VectorXd ModelJacobian::squared_norms(const model::WeightMatrices<float>& directions) const {
  VectorXd norms(static_cast<Index>(blocks_.size()));
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    norms[static_cast<Index>(b)] =
        squared_norm(matrix_of("ModelJacobian::squared_norms", directions, b), blocks_[b]);
  }
  return norms;
}

model::WeightMatrices<float> ModelJacobian::restricted(
    const model::WeightMatrices<float>& directions, std::size_t b) const {
  constexpr std::string_view here = "ModelJacobian::restricted";
  if (b >= blocks_.size()) {
    throw ArgumentError(here, "b", fmt::format("is {}, of {} blocks", b, blocks_.size()));
  }
  const model::ModelBlock& block = blocks_[b];
  const model::BlockGradient<float>::Key key = block.matrix();
  const model::Rows<float>& from = matrix_of(here, directions, b);
  model::Rows<float> only = model::Rows<float>::Zero(from.rows(), from.cols());
  block.slice.of(only) = block.slice.of(from);
  model::WeightMatrices<float> result;
  result.emplace(key, std::move(only));
  return result;
}

Eigen::MatrixXd ModelKernel::apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const {
  Eigen::MatrixXd result(columns.rows(), columns.cols());
  for (Index c = 0; c < columns.cols(); ++c) {
    result.col(c) = jacobian_.push_forward(jacobian_.pull_back(columns.col(c)));
  }
  return result;
}

}  // namespace sextant::ttt
