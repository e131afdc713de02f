#include "sextant/readout/pooling.hpp"

#include <algorithm>

namespace sextant::readout {
namespace {

constexpr Pooling every_pooling[] = {{PoolingMode::mean, false},
                                     {PoolingMode::cls, false},
                                     {PoolingMode::mean, true},
                                     {PoolingMode::cls, true}};

/// The tokens that are pooled.
std::span<const int> pooled_of(std::span<const int> tokens, PoolingMode mode) {
  return mode == PoolingMode::cls ? tokens.first(1) : tokens;
}

/// Before normalisation.
template <class Scalar>
Eigen::VectorXd mean_of(const model::Rows<Scalar>& hidden, std::span<const int> outputs) {
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(hidden.cols());
  for (const int output : outputs) {
    mean += hidden.row(output).transpose().template cast<double>();
  }
  return mean / static_cast<double>(outputs.size());
}

}  // namespace

std::string pooling_name(const Pooling& pooling) {
  return std::string(pooling.mode == PoolingMode::mean ? "mean" : "cls") +
         (pooling.normalize ? " normalized" : "");
}

std::optional<Pooling> pooling_from_name(std::string_view name) {
  for (const Pooling& pooling : every_pooling) {
    if (pooling_name(pooling) == name) return pooling;
  }
  return std::nullopt;
}

template <class Scalar>
Eigen::VectorXd pool(const model::Rows<Scalar>& hidden, std::span<const int> outputs,
                     const Pooling& pooling) {
  Eigen::VectorXd pooled = mean_of(hidden, pooled_of(outputs, pooling.mode));
  if (pooling.normalize) pooled /= std::max(pooled.norm(), least_norm);
  return pooled;
}

template <class Scalar>
Eigen::MatrixXd pool(const model::Rows<Scalar>& hidden, const model::TokenBatch& batch,
                     const Pooling& pooling) {
  Eigen::MatrixXd pooled(static_cast<Eigen::Index>(batch.sequences()), hidden.cols());
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    pooled.row(static_cast<Eigen::Index>(i)) =
        pool(hidden, std::span<const int>(batch.sequence_outputs[i]), pooling);
  }
  return pooled;
}

template <class Scalar>
void pool_pull_back(const model::Rows<Scalar>& hidden, std::span<const int> outputs,
                    const Pooling& pooling, const Eigen::VectorXd& weight, double factor,
                    std::span<const int> target, model::Rows<Scalar>& cotangent) {
  const std::span<const int> pooled = pooled_of(outputs, pooling.mode);
  Eigen::VectorXd slope = weight;  // of p, the mean of the pooled tokens
  if (pooling.normalize) {
    const Eigen::VectorXd mean = mean_of(hidden, pooled);
    const double norm = mean.norm();
    if (norm > least_norm) {
      const Eigen::VectorXd direction = mean / norm;
      slope -= direction.dot(weight) * direction;
    }
    slope /= std::max(norm, least_norm);
  }
  const Eigen::RowVector<Scalar, Eigen::Dynamic> share =
      (factor / static_cast<double>(pooled.size()) * slope).transpose().template cast<Scalar>();
  for (const int row : pooled_of(target, pooling.mode)) cotangent.row(row) += share;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                                \
  template Eigen::VectorXd pool(const model::Rows<Scalar>&, std::span<const int>, const Pooling&); \
  template Eigen::MatrixXd pool(const model::Rows<Scalar>&, const model::TokenBatch&,              \
                                const Pooling&);                                                   \
  template void pool_pull_back(const model::Rows<Scalar>&, std::span<const int>, const Pooling&,   \
                               const Eigen::VectorXd&, double, std::span<const int>,               \
                               model::Rows<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::readout
