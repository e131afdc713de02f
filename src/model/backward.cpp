#include <numeric>

#include "pass_checks.hpp"
#include "sextant/model/transformer.hpp"

namespace sextant::model {
namespace {

/// The reverse pass, holding the cotangents of the residual stream (x) and of the latest norm's
/// output (z) for the current set of rows.
template <class Scalar>
class ReversePass {
 public:
  ReversePass(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
              const AttentionLayouts& layouts, const SequenceLayouts* sequences,
              GradientObserver<Scalar>& observer)
      : weights_(weights),
        activations_(activations),
        layouts_(layouts),
        sequences_(sequences),
        observer_(observer) {}

  void run(Rows<Scalar> cotangent_hidden) {
    const int layers = weights_.config.layers;
    z_ = std::move(cotangent_hidden);
    x_ = Rows<Scalar>::Zero(z_.rows(), z_.cols());
    through_norm(2 * layers, activations_.final_norm, layouts_.top.query_activation);
    for (int l = layers - 1; l >= 0; --l) {
      const bool is_top = l + 1 == layers;
      const bool is_lowest = l == observer_.lowest_layer();
      const AttentionLayout& layout = is_top ? layouts_.top : layouts_.full;
      through_mlp(l, layout, ranges(is_top));
      through_attention(l, layout, ranges(is_top), is_lowest);
      if (is_lowest) return;
    }
    observer_.embedding(layouts_.full.key_activation, x_);
  }

 private:
  std::span<const RowRange> ranges(bool top) const {
    if (sequences_ == nullptr) return {};
    return top ? sequences_->top : sequences_->full;
  }

  /// In a post-norm model the stream continues from the norm's output, so its cotangent joins z's.
  void through_norm(int index, const Normalized<Scalar>& normalized, std::span<const int> at) {
    const bool post_norm = weights_.config.post_norm();
    if (post_norm) z_ += x_;
    observer_.norm(index, normalized, at, z_);
    normalize_pull_back(normalized, weights_.norms[static_cast<std::size_t>(index)], at, z_,
                        !post_norm, x_);
  }

  void report(int layer, LinearKind kind, const Rows<Scalar>& input, std::span<const int> rows,
              const Rows<Scalar>& cotangent, std::span<const RowRange> sequences) {
    if (observer_.wants(layer, kind)) {
      observer_.linear({layer, kind, &input, rows, &cotangent, sequences});
    }
  }

  /// The input of a layer's matrices after a norm, made again rather than kept.
  Rows<Scalar> norm_output(int index, const Normalized<Scalar>& normalized) const {
    Rows<Scalar> z;
    scale_and_shift(normalized.hat, weights_.norms[static_cast<std::size_t>(index)], z);
    return z;
  }

  void through_mlp(int l, const AttentionLayout& layout, std::span<const RowRange> sequences) {
    const auto& layer = activations_.layers[static_cast<std::size_t>(l)];
    const std::span<const int> rows = layout.query_activation;
    if (observer_.wants(l, LinearKind::mlp_out)) {
      Rows<Scalar> active;
      activate(weights_.config.activation, layer.inner, active);
      report(l, LinearKind::mlp_out, active, rows, x_, sequences);
    }
    Rows<Scalar> inner;
    apply_transposed(weights_.linear(l, LinearKind::mlp_out).weight, x_, inner, false);
    activate_pull_back(weights_.config.activation, layer.inner, rows, inner);
    if (observer_.wants(l, LinearKind::mlp_in)) {
      report(l, LinearKind::mlp_in, norm_output(2 * l + 1, layer.mlp_norm), rows, inner, sequences);
    }
    apply_transposed(weights_.linear(l, LinearKind::mlp_in).weight, inner, z_, false);
    through_norm(2 * l + 1, layer.mlp_norm, rows);
  }

  void through_attention(int l, const AttentionLayout& layout, std::span<const RowRange> sequences,
                         bool is_lowest) {
    const auto& layer = activations_.layers[static_cast<std::size_t>(l)];
    const ModelConfig& config = weights_.config;
    report(l, LinearKind::output, layer.mixed, layout.query_activation, x_, sequences);

    const bool values_only =
        is_lowest && !observer_.wants(l, LinearKind::query) && !observer_.wants(l, LinearKind::key);
    if (is_lowest && values_only && !observer_.wants(l, LinearKind::value)) return;
    Rows<Scalar> mixed;
    apply_transposed(weights_.linear(l, LinearKind::output).weight, x_, mixed, false);
    AttentionCotangents<Scalar> cotangents;
    attend_pull_back<Scalar>(layout,
                             {&layer.query, &layer.key, &layer.value, config.heads,
                              static_cast<Scalar>(config.attention_scale(l))},
                             mixed, values_only, cotangents);
    report_attention(l, layout, sequences, cotangents);
    if (is_lowest) return;

    apply_transposed(weights_.linear(l, LinearKind::key).weight, cotangents.key, z_, false);
    apply_transposed(weights_.linear(l, LinearKind::value).weight, cotangents.value, z_, true);
    const auto& query = weights_.linear(l, LinearKind::query).weight;
    if (layout.query_key.size() ==
        layout.key_activation.size()) {  // every key is a query, in order
      apply_transposed(query, cotangents.query, z_, true);
    } else {
      Rows<Scalar> from_query;
      apply_transposed(query, cotangents.query, from_query, false);
      spread(layout.query_key, from_query, x_);
    }
    through_norm(2 * l, layer.attention_norm, layout.key_activation);
  }

  void report_attention(int l, const AttentionLayout& layout, std::span<const RowRange> sequences,
                        const AttentionCotangents<Scalar>& cotangents) {
    if (!observer_.wants(l, LinearKind::value) && !observer_.wants(l, LinearKind::key) &&
        !observer_.wants(l, LinearKind::query)) {
      return;
    }
    const auto& layer = activations_.layers[static_cast<std::size_t>(l)];
    const Rows<Scalar> z = norm_output(2 * l, layer.attention_norm);
    const std::span<const RowRange> full = ranges(false);
    report(l, LinearKind::value, z, layout.key_activation, cotangents.value, full);
    report(l, LinearKind::key, z, layout.key_activation, cotangents.key, full);
    std::vector<int> query_rows;
    for (const int key : layout.query_key) {
      query_rows.push_back(layout.key_activation[static_cast<std::size_t>(key)]);
    }
    report(l, LinearKind::query, z, query_rows, cotangents.query, sequences);
  }

  /// Adds the queries' share to z_ and moves the stream's cotangent from query rows to key rows.
  void spread(const std::vector<int>& query_key, const Rows<Scalar>& from_query,
              const Rows<Scalar>& stream) {
    Rows<Scalar> x = Rows<Scalar>::Zero(z_.rows(), z_.cols());
    for (std::size_t q = 0; q < query_key.size(); ++q) {
      const auto row = static_cast<Eigen::Index>(q);
      z_.row(query_key[q]) += from_query.row(row);
      x.row(query_key[q]) += stream.row(row);
    }
    x_ = std::move(x);
  }

  const Weights<Scalar>& weights_;
  const Activations<Scalar>& activations_;
  const AttentionLayouts& layouts_;
  const SequenceLayouts* sequences_;
  GradientObserver<Scalar>& observer_;
  Rows<Scalar> x_;
  Rows<Scalar> z_;
};

}  // namespace

template <class Scalar>
void backward(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
              const AttentionLayouts& layouts, const SequenceLayouts* sequences,
              Rows<Scalar> cotangent_hidden, GradientObserver<Scalar>& observer) {
  detail::check_complete("backward", weights);
  detail::check_kept("backward", weights, activations, observer.lowest_layer());
  detail::check_shape("backward", "cotangent_hidden", cotangent_hidden,
                      static_cast<Eigen::Index>(layouts.top.query_activation.size()),
                      weights.config.width);
  ReversePass<Scalar>(weights, activations, layouts, sequences, observer)
      .run(std::move(cotangent_hidden));
}

#define SEXTANT_INSTANTIATE(Scalar)                                                     \
  template void backward(const Weights<Scalar>&, const Activations<Scalar>&,            \
                         const AttentionLayouts&, const SequenceLayouts*, Rows<Scalar>, \
                         GradientObserver<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
