#include "sextant/studies/single_index/attention.hpp"

#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/functions.hpp"
#include "sextant/studies/single_index/risk.hpp"
#include "weighted_context.hpp"

namespace sextant::studies::single_index {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void check_attention(std::string_view function, const Attention& attention) {
  if (!(attention.label_clip > 0)) {
    throw ArgumentError(function, "label_clip",
                        fmt::format("is {}, expected more than 0", attention.label_clip));
  }
  check_finite(function, "key_offset", attention.key_offset);
  check_finite(function, "key_gain", attention.key_gain);
}

VectorXd clipped_labels(const Eigen::Ref<const VectorXd>& y, double clip) {
  return y.cwiseMin(clip).cwiseMax(-clip);
}

WeightedContext::WeightedContext(const Attention& attention,
                                 const generators::LabelledInputs& context)
    : labels(clipped_labels(context.y, attention.label_clip)) {
  const VectorXd gains = attention.key_offset + attention.key_gain * labels.array();
  keys = (context.x * gains.asDiagonal()).transpose().cast<float>();
}

void WeightedContext::weights(const model::Rows<float>& queries, Index first, Index count,
                              model::Rows<float>& p) const {
  const auto n = static_cast<int>(keys.rows());
  const auto d = static_cast<int>(keys.cols());
  p.resize(count, n);
  model::gemm(false, true, static_cast<int>(count), n, d, 1.0F, queries.row(first).data(),
              static_cast<std::size_t>(d), keys.data(), static_cast<std::size_t>(d), 0.0F, p.data(),
              static_cast<std::size_t>(n));
  for (Index q = 0; q < count; ++q) model::masked_softmax(p.row(q).data(), 0, n, n);
}

VectorXd attention_values(const Attention& attention, const Eigen::Ref<const MatrixXd>& gamma,
                          const generators::LabelledInputs& context,
                          const Eigen::Ref<const MatrixXd>& queries) {
  constexpr std::string_view here = "attention_values";
  check_attention(here, attention);
  check_same(here, "gamma", gamma.cols(), gamma.rows());
  check_samples(here, "context", context, gamma.rows(), 1);
  check_same(here, "queries", queries.rows(), gamma.rows());
  const WeightedContext keys(attention, context);
  const model::Rows<float> projected = (gamma * queries).transpose().cast<float>();
  const Eigen::VectorXf labels = keys.labels.cast<float>();
  constexpr Index block = 128;
  VectorXd values(queries.cols());
  parallel_for((queries.cols() + block - 1) / block, [&](std::ptrdiff_t b) {
    const Index first = b * block;
    const Index count = std::min(block, queries.cols() - first);
    model::Rows<float> p;
    keys.weights(projected, first, count, p);
    values.segment(first, count) = (p * labels).cast<double>();
  });
  if (!values.allFinite()) {
    throw NumericalError("attention_values: an attention score overflowed");
  }
  return values;
}

AttentionCoefficients attention_coefficients(const Attention& attention,
                                             generators::LinkFamily link, double c, double sigma2) {
  constexpr std::string_view here = "attention_coefficients";
  check_attention(here, attention);
  check_finite(here, "c", c);
  check_not_negative(here, "sigma2", sigma2);
  // The clip bends the integrand in z: a fine trapezoidal grid instead of Gauss' nodes there.
  constexpr double end = 9;
  constexpr int intervals = 7200;
  const NormalQuadrature noise = normal_quadrature(40);
  double total = 0, label = 0, key = 0, first = 0, second = 0, third = 0;
  for (int i = 0; i <= intervals; ++i) {
    const double z = -end + 2 * end * i / intervals;
    const double density = std::exp(-z * z / 2);
    for (Index k = 0; k < noise.nodes.size(); ++k) {
      const double y = generators::link_value(link, c, z) + std::sqrt(sigma2) * noise.nodes[k];
      const double ty = std::clamp(y, -attention.label_clip, attention.label_clip);
      const double gain = attention.key_offset + attention.key_gain * ty;
      const double weight = density * noise.weights[k];
      total += weight;
      label += weight * ty;
      key += weight * gain * z;
      first += weight * ty * gain * z;
      second += weight * ty * gain * gain * (z * z - 1);
      third += weight * ty * gain * gain * gain * z * (z * z - 3);
    }
  }
  return {first / total - label / total * (key / total), second / total / 2, third / total / 6};
}

}  // namespace sextant::studies::single_index
