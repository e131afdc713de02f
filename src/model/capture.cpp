#include "sextant/model/capture.hpp"

#include <fmt/format.h>

#include <map>
#include <numeric>

#include "operations/operations.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/prediction.hpp"

namespace sextant::model {
namespace {

/// Turns the factors of each wanted matrix into Gram matrices as they come.
template <class Scalar>
class CaptureObserver : public GradientObserver<Scalar> {
 public:
  CaptureObserver(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
                  const SequenceLayouts& layouts, int examples,
                  const std::vector<ModelBlock>& blocks, Features features, CaptureResult& result)
      : weights_(weights),
        activations_(activations),
        layouts_(layouts),
        examples_(examples),
        blocks_(blocks),
        features_(features),
        result_(result) {
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      by_matrix_[blocks[b].matrix()].push_back(b);
    }
  }

  int lowest_layer() const override { return by_matrix_.begin()->first.first; }

  bool wants(int layer, LinearKind kind) const override {
    // Tokenwise value features are made from the output projection's cotangent.
    if (features_ == Features::tokenwise && kind == LinearKind::value) return false;
    if (features_ == Features::tokenwise && kind == LinearKind::output &&
        find(layer, LinearKind::value) != nullptr) {
      return true;
    }
    return find(layer, kind) != nullptr;
  }

  void linear(const LinearFactors<Scalar>& factors) override {
    TokenFactors<Scalar> tokens{factors.input, factors.input_row, factors.cotangent,
                                factors.sequences};
    if (features_ == Features::exact) {
      add(*find(factors.layer, factors.kind), tokens);
      return;
    }
    std::vector<RowRange> last;
    for (const RowRange& range : factors.sequences) last.push_back({range.end - 1, range.end});
    if (factors.kind == LinearKind::output && find(factors.layer, LinearKind::value) != nullptr) {
      add_tokenwise_values(factors, last);
    }
    if (const auto* wanted = find(factors.layer, factors.kind)) {
      tokens.sequences = last;
      add(*wanted, tokens);
    }
  }

 private:
  const std::vector<std::size_t>* find(int layer, LinearKind kind) const {
    const auto found = by_matrix_.find({layer, kind});
    return found == by_matrix_.end() ? nullptr : &found->second;
  }

  void add(const std::vector<std::size_t>& wanted, const TokenFactors<Scalar>& factors) {
    std::vector<BlockSlice> slices;
    for (const std::size_t b : wanted) slices.push_back(blocks_[b].slice);
    const GramForm form = cheaper_form(factors.sequences, examples_, slices);
    auto grams = gram<Scalar>(factors, examples_, slices, form);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      result_.grams[wanted[i]] = std::move(grams[i]);
      result_.forms[wanted[i]] = form;
    }
  }

  /// For head h: the attention-mixed input m of the last token and the cotangent of its output.
  void add_tokenwise_values(const LinearFactors<Scalar>& factors,
                            const std::vector<RowRange>& last) {
    const int l = factors.layer;
    const ModelConfig& config = weights_.config;
    const auto& layer = activations_.layers[static_cast<std::size_t>(l)];
    const AttentionLayout& layout =
        l + 1 == config.layers ? layouts_.layouts.top : layouts_.layouts.full;
    const AttentionInput<Scalar> input{&layer.query, &layer.key, &layer.value,
                                       attention_terms<Scalar>(config, l)};
    Rows<Scalar> z;
    scale_and_shift(layer.norm(NormRole::attention).hat, norm_terms(config, NormRole::attention),
                    weights_.norm(l, NormRole::attention), z);

    const auto count = static_cast<Eigen::Index>(last.size());
    Rows<Scalar> stream(count, config.width);
    for (Eigen::Index i = 0; i < count; ++i) {
      stream.row(i) = factors.cotangent->row(last[static_cast<std::size_t>(i)].begin);
    }
    Rows<Scalar> cotangent;
    apply_transposed(weights_.linear(l, LinearKind::output).weight, stream, cotangent, false);

    // One row for every query head that reads the block's head.
    const int sharing = input.sharing();
    std::vector<int> rows(last.size() * static_cast<std::size_t>(sharing));
    std::iota(rows.begin(), rows.end(), 0);
    std::vector<RowRange> ranges;
    for (int i = 0; i < static_cast<int>(count); ++i) {
      ranges.push_back({i * sharing, (i + 1) * sharing});
    }
    Rows<Scalar> mixed(count * sharing, config.width);
    Rows<Scalar> of_heads(count * sharing, config.key_width());
    for (const std::size_t b : *find(l, LinearKind::value)) {
      const int first = blocks_[b].slice.output_first;
      const int width = blocks_[b].slice.output_count;
      for (Eigen::Index row = 0; row < mixed.rows(); ++row) {
        const auto i = static_cast<std::size_t>(row / sharing);
        const int head = *blocks_[b].block.head * sharing + static_cast<int>(row % sharing);
        mixed.row(row) = mixed_input(layout, input, layout.groups[i], last[i].begin, head, z);
        of_heads.row(row).segment(first, width) =
            cotangent.row(row / sharing).segment(head * width, width);
      }
      add({b}, {&mixed, rows, &of_heads, ranges});
    }
  }

  static Eigen::RowVector<Scalar, Eigen::Dynamic> mixed_input(const AttentionLayout& layout,
                                                              const AttentionInput<Scalar>& input,
                                                              const AttentionGroup& group,
                                                              int query, int head,
                                                              const Rows<Scalar>& z) {
    const auto weights = attention_weights(layout, input, group, query, head);
    Eigen::RowVector<Scalar, Eigen::Dynamic> mixed =
        Eigen::RowVector<Scalar, Eigen::Dynamic>::Zero(z.cols());
    for (Eigen::Index k = 0; k < weights.size(); ++k) {
      const int key = layout.keys[group.keys_begin + static_cast<std::size_t>(k)];
      mixed += weights(k) * z.row(layout.key_activation[static_cast<std::size_t>(key)]);
    }
    return mixed;
  }

  const Weights<Scalar>& weights_;
  const Activations<Scalar>& activations_;
  const SequenceLayouts& layouts_;
  int examples_;
  const std::vector<ModelBlock>& blocks_;
  Features features_;
  CaptureResult& result_;
  std::map<std::pair<int, LinearKind>, std::vector<std::size_t>> by_matrix_;
};

}  // namespace

std::vector<ModelBlock> model_blocks(const ModelConfig& config, const CaptureOptions& options) {
  return model_blocks(config, options.kinds, options.first_layer, options.last_layer);
}

template <class Scalar>
CaptureResult capture(const Weights<Scalar>& weights, const TokenBatch& batch, int examples,
                      const ScalarReadout<Scalar>& readout, const CaptureOptions& options) {
  if (options.features == Features::tokenwise && !batch.causal) {
    throw ArgumentError("capture", "features",
                        "tokenwise needs a decoder; an encoder's pooling supervises every token, "
                        "and a row's prediction comes from the rows that it reads");
  }
  if (examples < 0 || static_cast<std::size_t>(examples) > batch.sequences()) {
    throw ArgumentError("capture", "examples",
                        fmt::format("is {}, expected at most the batch's {} sequences", examples,
                                    batch.sequences()));
  }
  const std::vector<ModelBlock> blocks = model_blocks(weights.config, options);
  CaptureResult result;
  for (const ModelBlock& block : blocks) result.blocks.push_back(block.block);
  result.grams.resize(blocks.size());
  result.forms.resize(blocks.size());

  const Activations<Scalar> activations = forward(weights, batch, tree_layouts(batch), true);
  result.predictions = predict(activations.hidden, batch, readout);
  const SequenceLayouts layouts = sequence_layouts(batch);
  CaptureObserver<Scalar> observer(weights, activations, layouts, examples, blocks,
                                   options.features, result);
  backward(weights, activations, layouts.layouts, &layouts,
           sequence_cotangents(activations.hidden, batch, readout), observer);
  return result;
}

#define SEXTANT_INSTANTIATE(Scalar)                                              \
  template CaptureResult capture(const Weights<Scalar>&, const TokenBatch&, int, \
                                 const ScalarReadout<Scalar>&, const CaptureOptions&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
