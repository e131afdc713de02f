/// Pooling of an encoder's hidden states: values, and derivatives in reverse and forward mode.

#include "sextant/readout/pooling.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sextant/model/capture.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/model/tangent.hpp"
#include "sextant/readout/embedding.hpp"
#include "sextant/readout/linear_head.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::readout;
using sextant::model::Rows;

namespace {

constexpr std::array<Pooling, 4> every_pooling{{{PoolingMode::mean, false},
                                                {PoolingMode::mean, true},
                                                {PoolingMode::cls, false},
                                                {PoolingMode::cls, true}}};

Rows<double> normal_rows(int rows, int columns, std::uint64_t seed) {
  Random random(seed);
  Rows<double> result(rows, columns);
  for (double& value : result.reshaped()) value = random.normal();
  return result;
}

LinearHead random_head(int width, const Pooling& pooling) {
  return {normal_rows(width, 1, 8).col(0), -0.25, pooling};
}

struct GradientErrors {
  double largest = 0;  ///< Of the difference quotients.
  double worst = 0;    ///< Distance of one from the gradient.
};

/// Differences of `values` against the gradient of `gradients`, over all hidden entries.
GradientErrors gradient_errors(const PooledHead<double>& values,
                               const PooledHead<double>& gradients, Rows<double> hidden,
                               const std::vector<int>& outputs) {
  Rows<double> cotangent = Rows<double>::Zero(hidden.rows(), hidden.cols());
  gradients.pull_back(hidden, outputs, 2.0, outputs, cotangent);
  GradientErrors errors;
  for (Eigen::Index i = 0; i < hidden.size(); ++i) {
    const double kept = hidden.data()[i];
    constexpr double h = 1e-6;
    hidden.data()[i] = kept + h;
    const double above = values.predict(hidden, outputs);
    hidden.data()[i] = kept - h;
    const double below = values.predict(hidden, outputs);
    hidden.data()[i] = kept;
    const double difference = 2.0 * (above - below) / (2 * h);
    errors.largest = std::max(errors.largest, std::abs(difference));
    errors.worst = std::max(errors.worst, std::abs(difference - cotangent.data()[i]));
  }
  return errors;
}

}  // namespace

TEST_CASE("pooled vectors are the mean or the first token, divided by their norm or not") {
  const Rows<double> hidden = normal_rows(6, 5, 7);
  const std::vector<int> outputs{1, 2, 4};
  const Eigen::VectorXd mean = (hidden.row(1) + hidden.row(2) + hidden.row(4)).transpose() / 3;
  const Eigen::VectorXd first = hidden.row(1).transpose();
  const auto pooled = [&](const Pooling& pooling) {
    return pool(hidden, std::span<const int>(outputs), pooling);
  };
  CHECK((pooled({PoolingMode::mean, false}) - mean).norm() < 1e-14);
  CHECK((pooled({PoolingMode::mean, true}) - mean / mean.norm()).norm() < 1e-14);
  CHECK((pooled({PoolingMode::cls, false}) - first).norm() == 0);
  CHECK((pooled({PoolingMode::cls, true}) - first / first.norm()).norm() < 1e-14);
  for (const Pooling& pooling : every_pooling) {
    CAPTURE(pooling_name(pooling));
    CHECK(pooling_from_name(pooling_name(pooling)) == pooling);
    const LinearHead head = random_head(5, pooling);
    const double expected = pooled(pooling).dot(head.weight) + head.bias;
    CHECK(std::abs(PooledHead<double>(head, 5).predict(hidden, outputs) - expected) < 1e-14);
  }
  CHECK_FALSE(pooling_from_name("max").has_value());
}

TEST_CASE("gradients through the pooling equal central differences") {
  const Rows<double> hidden = normal_rows(6, 5, 7);
  const std::vector<int> outputs{1, 2, 4};
  for (const Pooling& pooling : every_pooling) {
    CAPTURE(pooling_name(pooling));
    const PooledHead<double> head(random_head(5, pooling), 5);
    const GradientErrors right = gradient_errors(head, head, hidden, outputs);
    CHECK(right.largest > 0.1);
    CHECK(right.worst < 1e-8);
    for (const Pooling& other : every_pooling) {
      if (other == pooling) continue;
      const PooledHead<double> wrong(random_head(5, other), 5);
      CHECK(gradient_errors(head, wrong, hidden, outputs).worst > 0.1);
    }
  }
}

TEST_CASE("a zero vector is normalised as PyTorch does: nothing is divided by zero") {
  const Rows<double> hidden = Rows<double>::Zero(2, 3);
  const std::vector<int> outputs{0, 1};
  const PooledHead<double> head(random_head(3, {PoolingMode::mean, true}), 3);
  CHECK(head.predict(hidden, outputs) == -0.25);
  Rows<double> cotangent = Rows<double>::Zero(2, 3);
  head.pull_back(hidden, outputs, 1.0, outputs, cotangent);
  const Eigen::RowVectorXd expected =
      random_head(3, {}).weight.transpose() / (2 * least_norm);  // of p / least_norm
  CHECK((cotangent.row(0) - expected).norm() < 1e-12 * expected.norm());
}

TEST_CASE("forward mode through the pooling equals central differences of the predictions") {
  const model::ModelConfig config = test::small_config(model::Family::bert);
  const auto parameters = test::random_parameters<double>(config, 4);
  const auto sequences = test::random_sequences(config, 5, 9, 3);
  const model::TokenBatch batch = model::pack_bidirectional(sequences);
  const auto layouts = model::tree_layouts(batch);
  const auto weights = parameters.weights();
  const auto activations = model::forward(weights, batch, layouts, true);
  model::WeightMatrices<double> directions;
  Random random(9);
  for (int layer = 0; layer < config.layers; ++layer) {
    auto& direction = directions[{layer, model::LinearKind::value}];
    direction.resize(config.width, config.width);
    for (double& value : direction.reshaped()) value = 0.1 * random.normal();
  }
  const Rows<double> change = model::push_forward(weights, activations, layouts, directions);
  for (const Pooling& pooling : every_pooling) {
    CAPTURE(pooling_name(pooling));
    const PooledHead<double> head(random_head(config.width, pooling), config.width);
    const auto moved = [&](double step) {
      auto other = weights;
      for (const auto& [key, direction] : directions) {
        auto matrix = std::make_shared<Rows<double>>(
            model::copy(weights.linear(key.first, key.second).weight));
        *matrix += step * direction;
        other.replace(key.first, key.second, std::move(matrix));
      }
      return model::predict(model::forward(other, batch, layouts, false).hidden, batch, head);
    };
    constexpr double h = 1e-5;
    const Eigen::VectorXd differences = (moved(h) - moved(-h)) / (2 * h);
    const Rows<double> slopes = model::sequence_cotangents(activations.hidden, batch, head);
    Eigen::Index row = 0;
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
      double derivative = 0;
      for (const int output : batch.sequence_outputs[i]) {
        derivative += slopes.row(row++).dot(change.row(output));
      }
      CHECK(std::abs(derivative - differences(static_cast<Eigen::Index>(i))) < 1e-7);
    }
    CHECK(differences.cwiseAbs().maxCoeff() > 0.05);
  }
}

TEST_CASE("embeddings are pooled as asked") {
  const model::ModelConfig config = test::small_config(model::Family::bert);
  const auto parameters = test::random_parameters<float>(config, 4);
  const auto sequences = test::random_sequences(config, 5, 9, 3);
  const auto weights = parameters.weights();
  const auto batch = model::pack_bidirectional(sequences);
  const auto hidden = model::forward(weights, batch, model::tree_layouts(batch), false).hidden;
  for (const Pooling& pooling : every_pooling) {
    const Eigen::MatrixXd embedded = embed(weights, sequences, pooling, {});
    CHECK((embedded - pool(hidden, batch, pooling)).norm() == 0);
    if (pooling.normalize) {
      CHECK((embedded.rowwise().norm() - Eigen::VectorXd::Ones(5)).norm() < 1e-14);
    }
  }
}
