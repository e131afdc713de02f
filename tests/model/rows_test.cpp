/// The model of rows: against a program of plain loops, against differences, and what may not
/// change its predictions.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/model/parameters.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::model;
using namespace sextant::test;

namespace {

using Vector = Eigen::RowVectorXd;

struct RowsCase {
  ModelConfig config = small_config(Family::rows);
  Parameters<double> parameters = random_parameters<double>(config, 8);
  std::shared_ptr<const RowTable> table = random_table(config, 9, 3, 5);
  std::vector<std::vector<int>> sequences = row_sequences(*table);
};

Rows<double> hidden_states(const RowsCase& c, const TokenBatch& batch) {
  return forward(c.parameters.weights(), batch, tree_layouts(batch), false).hidden;
}

Vector norm(const RowsCase& c, const Vector& x, int layer, NormRole role) {
  const Norm<double> norm = c.parameters.weights().norm(layer, role);
  const double mean = x.mean();
  const double variance = (x.array() - mean).square().mean();
  Vector z(x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    z(i) =
        (x(i) - mean) / std::sqrt(variance + c.config.norm_epsilon) * norm.gain[i] + norm.bias[i];
  }
  return z;
}

Vector linear(const RowsCase& c, const Vector& x, int layer, LinearKind kind) {
  const auto weights = c.parameters.weights();
  const Linear<double>& map = weights.linear(layer, kind);
  Vector y(map.weight.out);
  for (int o = 0; o < map.weight.out; ++o) {
    y(o) = map.bias[o];
    for (int i = 0; i < map.weight.in; ++i) y(o) += x(i) * map.weight(i, o);
  }
  return y;
}

/// The query's final hidden state, row after row and head after head, with the rule of attention
/// written out: everyone reads the context's rows and nobody else.
Vector by_loops(const RowsCase& c, const std::vector<int>& sequence) {
  const int width = c.config.width;
  const int per_head = c.config.head_width();
  const std::size_t context = sequence.size() - 1;
  std::vector<Vector> x;
  for (std::size_t k = 0; k < sequence.size(); ++k) {
    const int row = c.table->row_of(sequence[k]);
    const int token = k < context ? c.table->labels[static_cast<std::size_t>(row)] + 1 : 0;
    Vector start(width);
    const auto weights = c.parameters.weights();
    for (int i = 0; i < width; ++i) {
      start(i) = weights.token_embedding[token * width + i];
      for (int p = 0; p < c.config.features; ++p) {
        start(i) += double{c.table->features(row, p)} * weights.feature_embedding[p * width + i];
      }
    }
    x.push_back(start);
  }
  for (int l = 0; l < c.config.layers; ++l) {
    std::vector<Vector> z;
    for (const Vector& row : x) z.push_back(norm(c, row, l, NormRole::attention));
    std::vector<Vector> next = x;
    for (std::size_t q = 0; q < x.size(); ++q) {
      Vector mixed = Vector::Zero(width);
      const Vector query = linear(c, z[q], l, LinearKind::query);
      for (int h = 0; h < c.config.heads; ++h) {
        double total = 0;
        for (std::size_t k = 0; k < context; ++k) {
          const Vector key = linear(c, z[k], l, LinearKind::key);
          const double score =
              query.segment(h * per_head, per_head).dot(key.segment(h * per_head, per_head)) /
              std::sqrt(static_cast<double>(per_head));
          total += std::exp(score);
          mixed.segment(h * per_head, per_head) +=
              std::exp(score) *
              linear(c, z[k], l, LinearKind::value).segment(h * per_head, per_head);
        }
        mixed.segment(h * per_head, per_head) /= total;
      }
      next[q] += linear(c, mixed, l, LinearKind::output);
    }
    x = next;
    for (Vector& row : x) {
      Vector inner = linear(c, norm(c, row, l, NormRole::mlp), l, LinearKind::mlp_in);
      for (double& u : inner) {
        u = 0.5 * u * (1 + std::tanh(std::sqrt(2 / M_PI) * (u + 0.044715 * u * u * u)));
      }
      row += linear(c, inner, l, LinearKind::mlp_out);
    }
  }
  return norm(c, x.back(), c.config.layers, NormRole::attention);
}

}  // namespace

TEST_CASE("a batch over a table equals the model written as loops, sequence by sequence") {
  const RowsCase c;
  const TokenBatch batch = pack_rows(c.table, c.sequences);
  CHECK(batch.rows() == (4 + 3) + (3 + 2) + (2 + 1));  // contexts once, queries once per context
  CHECK(batch.scalars == std::vector<int>{0, 2, 1, 1, 0, 2, 0});
  const Rows<double> hidden = hidden_states(c, batch);
  for (std::size_t i = 0; i < c.sequences.size(); ++i) {
    REQUIRE(batch.sequence_outputs[i].size() == 1);
    const Vector expected = by_loops(c, c.sequences[i]);
    const Vector found = hidden.row(batch.sequence_outputs[i][0]);
    CHECK((found - expected).cwiseAbs().maxCoeff() < 1e-11);
  }
  // Reading the query itself, as an encoder would, is another model: the comparison can fail.
  TokenBatch wrong = pack_rows(c.table, {c.sequences[0]});
  wrong.table = nullptr;
  auto layouts = tree_layouts(wrong);
  wrong.table = c.table;
  const auto other = forward(c.parameters.weights(), wrong, layouts, false).hidden;
  CHECK((other.row(0) - by_loops(c, c.sequences[0])).cwiseAbs().maxCoeff() > 1e-3);
}

TEST_CASE("a row model's gradient equals central differences for every parameter tensor") {
  RowsCase c;
  const TokenBatch batch = pack_rows(c.table, c.sequences);
  const auto layouts = tree_layouts(batch);
  Random random(9);
  Rows<double> cotangent(static_cast<Eigen::Index>(batch.outputs.size()), c.config.width);
  for (double& value : cotangent.reshaped()) value = random.normal();
  const auto activations = forward(c.parameters.weights(), batch, layouts, true);
  Parameters<double> gradient(c.config);
  ParameterGradient<double> observer(batch, gradient);
  backward(c.parameters.weights(), activations, layouts, nullptr, cotangent, observer);
  double largest = 0;
  double worst = 0;
  for (const auto& shape : c.parameters.shapes()) {
    if (shape.name == "lm_head.weight") continue;  // no part of the hidden states
    std::size_t size = 1;
    for (const std::size_t extent : shape.shape) size *= extent;
    for (int trial = 0; trial < 8; ++trial) {
      double& value = c.parameters.data(shape.name)[random.below(size)];
      const double kept = value;
      constexpr double h = 1e-5;
      const auto at = [&](double moved) {
        value = moved;
        return hidden_states(c, batch).cwiseProduct(cotangent).sum();
      };
      const double difference = (at(kept + h) - at(kept - h)) / (2 * h);
      value = kept;
      const auto place = static_cast<std::size_t>(&value - c.parameters.values().data());
      largest = std::max(largest, std::abs(difference));
      worst = std::max(worst, std::abs(difference - gradient.values()[place]));
    }
  }
  CHECK(largest > 1);
  CHECK(worst < 1e-7 * largest);  // as for the other families: truncation and rounding
}

TEST_CASE("the order of the context changes nothing but rounding") {
  const RowsCase c;
  const auto state = [&](const std::vector<int>& sequence) -> Vector {
    const TokenBatch batch = pack_rows(c.table, {sequence});
    return hidden_states(c, batch).row(0);
  };
  const int query = c.table->query_token(8, 0);
  const Vector first = state({0, 1, 2, 3, 4, query});
  CHECK((first - state({3, 1, 4, 0, 2, query})).cwiseAbs().maxCoeff() < 1e-12);
  CHECK((first - state({0, 1, 2, 3, 5, query})).cwiseAbs().maxCoeff() > 1e-3);
}

TEST_CASE("no label of a query and no other query can influence a prediction") {
  const RowsCase c;
  const Rows<double> hidden = hidden_states(c, pack_rows(c.table, c.sequences));
  RowTable changed = *c.table;
  for (int row = 6; row < 9; ++row) changed.labels[static_cast<std::size_t>(row)] = 3 - row % 2;
  const auto other = std::make_shared<const RowTable>(changed);
  CHECK(hidden_states(c, pack_rows(other, c.sequences)) == hidden);  // the same bytes
  changed.labels[0] = (changed.labels[0] + 1) % 3;                   // that of a context row does
  const auto moved = std::make_shared<const RowTable>(changed);
  CHECK(hidden_states(c, pack_rows(moved, c.sequences)) != hidden);

  const TokenBatch alone = pack_rows(c.table, {c.sequences[6]});
  const TokenBatch all = pack_rows(c.table, c.sequences);
  const Vector together = hidden.row(all.sequence_outputs[6][0]);
  CHECK((hidden_states(c, alone).row(0) - together).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("a pass over rows does not depend on the number of threads") {
  const RowsCase c;
  const TokenBatch batch = pack_rows(c.table, c.sequences);
  set_threads(1);
  const Rows<double> one = hidden_states(c, batch);
  set_threads(3);
  CHECK(hidden_states(c, batch) == one);
  set_threads(0);
}

TEST_CASE("fewer features than the model reads are the first ones, the others 0") {
  RowsCase c;
  RowTable narrow = *c.table;
  narrow.features = c.table->features.leftCols(3).eval();
  RowTable padded = *c.table;
  padded.features.rightCols(3).setZero();
  const auto of = [&](const RowTable& table) {
    return hidden_states(c, pack_rows(std::make_shared<const RowTable>(table), c.sequences));
  };
  CHECK((of(narrow) - of(padded)).cwiseAbs().maxCoeff() < 1e-13);
  RowTable wide = *c.table;
  wide.features = Rows<float>::Zero(9, 7);
  CHECK_THROWS_AS(of(wide), ArgumentError);
}

TEST_CASE("sequences that are no context with one query are refused") {
  const RowsCase c;
  const int query = c.table->query_token(8, 0);
  for (const std::vector<int>& bad : std::vector<std::vector<int>>{
           {}, {query}, {0, 1}, {0, query, query}, {query, 0}, {-1, query}, {0, query + 99}}) {
    CHECK_THROWS_AS(pack_rows(c.table, {bad}), ArgumentError);
  }
  RowTable unlabelled = *c.table;
  unlabelled.labels[1] = -1;
  CHECK_THROWS_AS(pack_rows(std::make_shared<const RowTable>(unlabelled), {{0, 1, query}}),
                  ArgumentError);
}
