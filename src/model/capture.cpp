#include "sextant/model/capture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

BlockSlice head_slice(const ModelConfig& config, BlockKind kind, int head) {
  const int width = config.head_width();
  if (kind == BlockKind::value) return {0, config.width, head * width, width};
  return {head * width, width, 0, config.width};
}

ModelBlock make_block(const ModelConfig& config, int layer, BlockKind kind, int head) {
  ModelBlock result;
  result.layer = layer;
  result.kind = kind;
  switch (kind) {
    case BlockKind::value:
    case BlockKind::output:
      result.slice = head_slice(config, kind, head);
      result.block.name =
          fmt::format("h.{}.attn.{}.{}", layer, kind == BlockKind::value ? 'v' : 'o', head);
      result.block.head = head;
      break;
    case BlockKind::mlp_in:
      result.slice = {0, config.width, 0, config.inner};
      result.block.name = fmt::format("h.{}.mlp.in", layer);
      break;
    case BlockKind::mlp_out:
      result.slice = {0, config.inner, 0, config.width};
      result.block.name = fmt::format("h.{}.mlp.out", layer);
      break;
  }
  result.block.layer = layer;
  result.block.kind = kind_name(kind);
  result.block.parameters = std::int64_t{result.slice.input_count} * result.slice.output_count;
  return result;
}

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
      by_matrix_[{blocks[b].layer, blocks[b].kind}].push_back(b);
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
    for (const BlockKind block : block_kinds) {
      if (linear_kind(block) != kind) continue;
      const auto found = by_matrix_.find({layer, block});
      if (found != by_matrix_.end()) return &found->second;
    }
    return nullptr;
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
    const AttentionInput<Scalar> input{&layer.query, &layer.key, &layer.value, config.heads,
                                       static_cast<Scalar>(config.attention_scale(l))};
    Rows<Scalar> z;
    scale_and_shift(layer.attention_norm.hat, weights_.norms[2 * static_cast<std::size_t>(l)], z);

    const auto count = static_cast<Eigen::Index>(last.size());
    Rows<Scalar> stream(count, config.width);
    for (Eigen::Index i = 0; i < count; ++i) {
      stream.row(i) = factors.cotangent->row(last[static_cast<std::size_t>(i)].begin);
    }
    Rows<Scalar> cotangent;
    apply_transposed(weights_.linear(l, LinearKind::output).weight, stream, cotangent, false);

    std::vector<int> rows(last.size());
    std::iota(rows.begin(), rows.end(), 0);
    std::vector<RowRange> ranges;
    for (const int row : rows) ranges.push_back({row, row + 1});
    Rows<Scalar> mixed(count, config.width);
    for (const std::size_t b : *find(l, LinearKind::value)) {
      for (std::size_t i = 0; i < last.size(); ++i) {
        mixed.row(static_cast<Eigen::Index>(i)) =
            mixed_input(layout, input, layout.groups[i], last[i].begin, *blocks_[b].block.head, z);
      }
      add({b}, {&mixed, rows, &cotangent, ranges});
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
  std::map<std::pair<int, BlockKind>, std::vector<std::size_t>> by_matrix_;
};

}  // namespace

std::string kind_name(BlockKind kind) {
  switch (kind) {
    case BlockKind::value:
      return "value";
    case BlockKind::output:
      return "output";
    case BlockKind::mlp_in:
      return "mlp-in";
    case BlockKind::mlp_out:
      return "mlp-out";
  }
  return {};
}

std::optional<BlockKind> kind_from_name(std::string_view name) {
  for (const BlockKind kind : block_kinds) {
    if (kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

LinearKind linear_kind(BlockKind kind) {
  switch (kind) {
    case BlockKind::value:
      return LinearKind::value;
    case BlockKind::output:
      return LinearKind::output;
    case BlockKind::mlp_in:
      return LinearKind::mlp_in;
    case BlockKind::mlp_out:
      return LinearKind::mlp_out;
  }
  return LinearKind::value;
}

std::vector<ModelBlock> model_blocks(const ModelConfig& config, const CaptureOptions& options) {
  const int last = options.last_layer < 0 ? config.layers - 1 : options.last_layer;
  if (options.first_layer < 0 || options.first_layer > last || last >= config.layers) {
    throw ArgumentError("model_blocks", "layers",
                        fmt::format("{}-{} are outside the model's layers 0-{}",
                                    options.first_layer, last, config.layers - 1));
  }
  if (options.kinds.empty()) throw ArgumentError("model_blocks", "kinds", "is empty");
  std::vector<ModelBlock> blocks;
  for (int layer = options.first_layer; layer <= last; ++layer) {
    for (const BlockKind kind : block_kinds) {
      if (std::find(options.kinds.begin(), options.kinds.end(), kind) == options.kinds.end()) {
        continue;
      }
      const bool by_head = kind == BlockKind::value || kind == BlockKind::output;
      for (int head = 0; head < (by_head ? config.heads : 1); ++head) {
        blocks.push_back(make_block(config, layer, kind, head));
      }
    }
  }
  return blocks;
}

template <class Scalar>
Eigen::VectorXd predict(const Rows<Scalar>& hidden, const TokenBatch& batch,
                        const ScalarReadout<Scalar>& readout) {
  Eigen::VectorXd result(static_cast<Eigen::Index>(batch.sequences()));
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    const double prediction = readout.predict(hidden, batch.sequence_outputs[i]);
    if (!std::isfinite(prediction)) {
      throw NumericalError(fmt::format(
          "the model's prediction for sequence {} is {}, expected a finite number", i, prediction));
    }
    result(static_cast<Eigen::Index>(i)) = prediction;
  }
  return result;
}

template <class Scalar>
Rows<Scalar> sequence_cotangents(const Rows<Scalar>& hidden, const TokenBatch& batch,
                                 const ScalarReadout<Scalar>& readout) {
  std::size_t rows = 0;
  for (const auto& outputs : batch.sequence_outputs) rows += outputs.size();
  Rows<Scalar> cotangent = Rows<Scalar>::Zero(static_cast<Eigen::Index>(rows), hidden.cols());
  int next = 0;
  for (const auto& outputs : batch.sequence_outputs) {
    std::vector<int> target(outputs.size());
    std::iota(target.begin(), target.end(), next);
    next += static_cast<int>(outputs.size());
    readout.pull_back(hidden, outputs, 1.0, target, cotangent);
  }
  return cotangent;
}

template <class Scalar>
CaptureResult capture(const Weights<Scalar>& weights, const TokenBatch& batch, int examples,
                      const ScalarReadout<Scalar>& readout, const CaptureOptions& options) {
  if (options.features == Features::tokenwise && !batch.causal) {
    throw ArgumentError("capture", "features",
                        "tokenwise needs a decoder: mean pooling supervises every token");
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

#define SEXTANT_INSTANTIATE(Scalar)                                                 \
  template Eigen::VectorXd predict(const Rows<Scalar>&, const TokenBatch&,          \
                                   const ScalarReadout<Scalar>&);                   \
  template Rows<Scalar> sequence_cotangents(const Rows<Scalar>&, const TokenBatch&, \
                                            const ScalarReadout<Scalar>&);          \
  template CaptureResult capture(const Weights<Scalar>&, const TokenBatch&, int,    \
                                 const ScalarReadout<Scalar>&, const CaptureOptions&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
