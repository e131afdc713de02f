#include "jacobian_change.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "sextant/model/prediction.hpp"
#include "sextant/spectral/eigensystem.hpp"

namespace sextant::ttt {
namespace {

using model::LinearKind;
using model::RowRange;
using model::Rows;
using Key = std::pair<int, LinearKind>;

/// Both factors of one matrix's gradients, copied.
struct Recorded {
  Rows<float> input;      ///< [rows, in]
  Rows<float> cotangent;  ///< [rows, out]
  std::vector<RowRange> sequences;
};

/// Keeps the factors of the chosen matrices.
class Recorder : public model::GradientObserver<float> {
 public:
  explicit Recorder(std::span<const model::ModelBlock> blocks) {
    for (const auto& block : blocks) recorded_[block.matrix()];
  }
  bool wants(int layer, LinearKind kind) const override {
    return recorded_.contains({layer, kind});
  }
  int lowest_layer() const override { return recorded_.begin()->first.first; }
  void linear(const model::LinearFactors<float>& factors) override {
    Recorded& entry = recorded_.at({factors.layer, factors.kind});
    entry.cotangent = *factors.cotangent;
    entry.input.resize(entry.cotangent.rows(), factors.input->cols());
    for (Eigen::Index i = 0; i < entry.input.rows(); ++i) {
      entry.input.row(i) = factors.input->row(factors.input_row[static_cast<std::size_t>(i)]);
    }
    entry.sequences.assign(factors.sequences.begin(), factors.sequences.end());
  }
  const std::map<Key, Recorded>& recorded() const { return recorded_; }

 private:
  std::map<Key, Recorded> recorded_;
};

std::map<Key, Recorded> record(const PromptModel& model, const model::Weights<float>& weights,
                               std::span<const model::ModelBlock> blocks) {
  const auto& batch = model.batch();
  const auto activations = forward(weights, batch, tree_layouts(batch), true);
  const model::SequenceLayouts layouts = sequence_layouts(batch);
  Recorder recorder(blocks);
  backward(weights, activations, layouts.layouts, &layouts,
           sequence_cotangents(activations.hidden, batch, model.readout()), recorder);
  return recorder.recorded();
}

/// One sequence's rows are those after the update followed by those before, negated.
Recorded difference(const Recorded& after, const Recorded& before) {
  Recorded result;
  const Eigen::Index rows = after.cotangent.rows() + before.cotangent.rows();
  result.input.resize(rows, after.input.cols());
  result.cotangent.resize(rows, after.cotangent.cols());
  Eigen::Index next = 0;
  for (std::size_t i = 0; i < after.sequences.size(); ++i) {
    const int begin = static_cast<int>(next);
    for (const auto& [from, sign] : {std::pair(&after, 1.0F), std::pair(&before, -1.0F)}) {
      const RowRange range = from->sequences[i];
      const int count = range.end - range.begin;
      result.input.middleRows(next, count) = from->input.middleRows(range.begin, count);
      result.cotangent.middleRows(next, count) =
          sign * from->cotangent.middleRows(range.begin, count);
      next += count;
    }
    result.sequences.push_back({begin, static_cast<int>(next)});
  }
  return result;
}

/// The blocks of one matrix.
struct Slices {
  std::vector<model::BlockSlice> slices;
  std::vector<double> scales;
};

/// Kernel and query variances summed over the blocks of one matrix.
void add_gram(const Recorded& factors, const Slices& of_matrix, int examples,
              model::SequenceGram& sum) {
  std::vector<int> rows(static_cast<std::size_t>(factors.cotangent.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  const auto grams = model::gram<float>(
      {&factors.input, rows, &factors.cotangent, factors.sequences}, examples, of_matrix.slices,
      model::cheaper_form(factors.sequences, examples, of_matrix.slices));
  for (std::size_t b = 0; b < grams.size(); ++b) {
    sum.kernel += of_matrix.scales[b] * grams[b].kernel;
    sum.variance += of_matrix.scales[b] * grams[b].variance;
  }
}

double largest_norm(const model::SequenceGram& gram) {
  double squared = std::max(0.0, spectral::decompose(gram.kernel).values(0));
  if (gram.variance.size() > 0) squared = std::max(squared, gram.variance.maxCoeff());
  return std::sqrt(squared);
}

}  // namespace

JacobianChange jacobian_change(const PromptModel& model, const model::Weights<float>& after,
                               std::span<const model::ModelBlock> blocks) {
  std::map<Key, Slices> slices;
  for (const auto& block : blocks) {
    Slices& of_matrix = slices[block.matrix()];
    of_matrix.slices.push_back(block.slice);
    of_matrix.scales.push_back(block.scale);
  }
  const auto changed = record(model, after, blocks);
  const auto base = record(model, model.weights(), blocks);
  const int n = static_cast<int>(model.examples());
  const model::SequenceGram zero{
      Eigen::MatrixXd::Zero(n, n), {}, Eigen::VectorXd::Zero(model.queries())};
  model::SequenceGram kernel = zero;
  model::SequenceGram change = zero;
  for (const auto& [key, of_matrix] : slices) {
    add_gram(changed.at(key), of_matrix, n, kernel);
    add_gram(difference(changed.at(key), base.at(key)), of_matrix, n, change);
  }
  JacobianChange result;
  result.norm_after = largest_norm(kernel);
  result.norm_of_change = largest_norm(change);
  result.kernel_after = std::move(kernel.kernel);
  return result;
}

}  // namespace sextant::ttt
