#include "sextant/model/tangent.hpp"

#include <numeric>

#include "pass_checks.hpp"
#include "row_slice.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

/// The forward pass of changes: of the residual stream (x) and of the latest norm's output (z).
template <class Scalar>
class TangentPass {
 public:
  TangentPass(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
              const AttentionLayouts& layouts, const WeightMatrices<Scalar>& directions)
      : weights_(weights),
        activations_(activations),
        layouts_(layouts),
        directions_(directions),
        is_post_norm_(weights.config.post_norm()) {}

  Rows<Scalar> run() {
    const int layers = weights_.config.layers;
    const int lowest = directions_.begin()->first.first;
    const auto& first = activations_.layers[static_cast<std::size_t>(lowest)].attention_norm.hat;
    x_ = Rows<Scalar>::Zero(first.rows(), first.cols());
    for (int l = lowest; l < layers; ++l) {
      const AttentionLayout& layout = l + 1 == layers ? layouts_.top : layouts_.full;
      through_attention(l, layout, l == lowest);
      through_mlp(l);
    }
    through_norm(2 * layers, activations_.final_norm);
    return std::move(z_);
  }

 private:
  const LayerActivations<Scalar>& layer(int l) const {
    return activations_.layers[static_cast<std::size_t>(l)];
  }

  const Norm<Scalar>& norm(int index) const {
    return weights_.norms[static_cast<std::size_t>(index)];
  }

  /// In a post-norm model the stream continues from the norm's output.
  void through_norm(int index, const Normalized<Scalar>& normalized) {
    normalize_push_forward(normalized, norm(index), x_, z_);
    if (is_post_norm_) x_ = z_;
  }

  const Rows<Scalar>* direction(int l, LinearKind kind) const {
    const auto found = directions_.find({l, kind});
    return found == directions_.end() ? nullptr : &found->second;
  }

  Rows<Scalar> norm_output(int index, const Normalized<Scalar>& normalized) const {
    Rows<Scalar> z;
    scale_and_shift(normalized.hat, norm(index), z);
    return z;
  }

  /// y += x D for the direction of (l, kind), if there is one.
  void add_direction(int l, LinearKind kind, const Rows<Scalar>& x, Rows<Scalar>& y) const {
    const Rows<Scalar>* change = direction(l, kind);
    if (change == nullptr) return;
    const MatrixView<Scalar> view = {change->data(), static_cast<int>(change->rows()),
                                     static_cast<int>(change->cols()),
                                     static_cast<std::size_t>(change->cols()), false};
    apply<Scalar>(view, nullptr, x, y, true);
  }

  /// Change of a matrix's output for the input `x` and its change.
  void linear(int l, LinearKind kind, const Rows<Scalar>& x, const Rows<Scalar>& change_x,
              Rows<Scalar>& y) const {
    apply<Scalar>(weights_.linear(l, kind).weight, nullptr, change_x, y);
    add_direction(l, kind, x, y);
  }

  /// In the lowest layer nothing changes before its own matrices do.
  void through_attention(int l, const AttentionLayout& layout, bool is_lowest) {
    const LayerActivations<Scalar>& kept = layer(l);
    through_norm(2 * l, kept.attention_norm);
    Rows<Scalar> z = norm_output(2 * l, kept.attention_norm);
    Rows<Scalar> key;
    Rows<Scalar> query;
    Rows<Scalar> value;
    linear(l, LinearKind::value, z, z_, value);
    const bool scores_change = !is_lowest || direction(l, LinearKind::key) != nullptr ||
                               direction(l, LinearKind::query) != nullptr;
    if (scores_change) linear(l, LinearKind::key, z, z_, key);
    if (layout.query_key.size() != static_cast<std::size_t>(z.rows())) {
      z = gather_rows(z, layout.query_key);
      z_ = gather_rows(z_, layout.query_key);
      x_ = gather_rows(x_, layout.query_key);
    }
    if (scores_change) linear(l, LinearKind::query, z, z_, query);
    const int heads = weights_.config.heads;
    const auto scale = static_cast<Scalar>(weights_.config.attention_scale(l));
    Rows<Scalar> mixed;
    attend_push_forward<Scalar>(
        layout, {&kept.query, &kept.key, &kept.value, heads, scale},
        {scores_change ? &query : nullptr, scores_change ? &key : nullptr, &value, heads, scale},
        mixed);
    apply<Scalar>(weights_.linear(l, LinearKind::output).weight, nullptr, mixed, x_, true);
    add_direction(l, LinearKind::output, kept.mixed, x_);
  }

  void through_mlp(int l) {
    const LayerActivations<Scalar>& kept = layer(l);
    through_norm(2 * l + 1, kept.mlp_norm);
    Rows<Scalar> inner;
    apply<Scalar>(weights_.linear(l, LinearKind::mlp_in).weight, nullptr, z_, inner);
    if (direction(l, LinearKind::mlp_in) != nullptr) {
      add_direction(l, LinearKind::mlp_in, norm_output(2 * l + 1, kept.mlp_norm), inner);
    }
    std::vector<int> rows(static_cast<std::size_t>(inner.rows()));
    std::iota(rows.begin(), rows.end(), 0);
    // The derivative of a function of each entry is its own transpose.
    activate_pull_back(weights_.config.activation, kept.inner, rows, inner);
    apply<Scalar>(weights_.linear(l, LinearKind::mlp_out).weight, nullptr, inner, x_, true);
    if (direction(l, LinearKind::mlp_out) != nullptr) {
      Rows<Scalar> active;
      activate(weights_.config.activation, kept.inner, active);
      add_direction(l, LinearKind::mlp_out, active, x_);
    }
  }

  const Weights<Scalar>& weights_;
  const Activations<Scalar>& activations_;
  const AttentionLayouts& layouts_;
  const WeightMatrices<Scalar>& directions_;
  bool is_post_norm_;
  Rows<Scalar> x_;
  Rows<Scalar> z_;
};

}  // namespace

template <class Scalar>
Rows<Scalar> push_forward(const Weights<Scalar>& weights, const Activations<Scalar>& activations,
                          const AttentionLayouts& layouts,
                          const WeightMatrices<Scalar>& directions) {
  if (directions.empty()) {
    return Rows<Scalar>::Zero(activations.hidden.rows(), activations.hidden.cols());
  }
  detail::check_complete("push_forward", weights);
  detail::check_matrices("push_forward", "directions", weights, directions);
  detail::check_kept("push_forward", weights, activations, directions.begin()->first.first);
  return TangentPass<Scalar>(weights, activations, layouts, directions).run();
}

#define SEXTANT_INSTANTIATE(Scalar)                                                      \
  template Rows<Scalar> push_forward(const Weights<Scalar>&, const Activations<Scalar>&, \
                                     const AttentionLayouts&, const WeightMatrices<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
