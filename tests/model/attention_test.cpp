#include "sextant/model/attention.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/random.hpp"

using namespace sextant;
using namespace sextant::model;

namespace {

template <class Scalar>
Rows<Scalar> random_rows(Eigen::Index rows, Eigen::Index columns, Random& random) {
  Rows<Scalar> result(rows, columns);
  for (Scalar& value : result.reshaped()) value = static_cast<Scalar>(random.normal());
  return result;
}

/// One group whose query i sees the first `visible[i]` of `keys` keys, in reversed rows if wanted.
AttentionLayout one_group(const std::vector<int>& visible, int keys, bool reversed) {
  AttentionLayout layout;
  layout.query_visible = visible;
  layout.query_activation.resize(visible.size());
  std::iota(layout.query_activation.begin(), layout.query_activation.end(), 0);
  layout.keys.resize(static_cast<std::size_t>(keys));
  std::iota(layout.keys.begin(), layout.keys.end(), 0);
  layout.key_activation = layout.keys;
  if (reversed) std::reverse(layout.key_activation.begin(), layout.key_activation.end());
  layout.groups = {{0, static_cast<int>(visible.size()), 0, layout.keys.size()}};
  layout.component = {0, 1};
  return layout;
}

/// The definition, in double precision.
template <class Scalar>
Eigen::MatrixXd attention(const AttentionLayout& layout, const AttentionInput<Scalar>& input) {
  const int width = input.head_width();
  Eigen::MatrixXd mixed = Eigen::MatrixXd::Zero(
      static_cast<Eigen::Index>(layout.query_visible.size()), input.query->cols());
  for (Eigen::Index q = 0; q < mixed.rows(); ++q) {
    const int visible = layout.query_visible[static_cast<std::size_t>(q)];
    const int window = input.terms.window > 0 ? input.terms.window : visible;
    for (int head = 0; head < input.terms.heads; ++head) {
      const Eigen::Index first = Eigen::Index{head} * width;
      const Eigen::Index shared =
          Eigen::Index{head / (input.terms.heads / input.terms.key_heads)} * width;
      double total = 0;
      for (int k = std::max(0, visible - window); k < visible; ++k) {
        const int row = layout.key_activation[static_cast<std::size_t>(k)];
        double score = 0;
        for (int j = 0; j < width; ++j) {
          score +=
              static_cast<double>((*input.query)(q, first + j)) * (*input.key)(row, shared + j);
        }
        const double weight = std::exp(static_cast<double>(input.terms.scale) * score);
        total += weight;
        for (int j = 0; j < width; ++j) {
          mixed(q, first + j) += weight * static_cast<double>((*input.value)(row, shared + j));
        }
      }
      mixed.row(q).segment(first, width) /= total;
    }
  }
  return mixed;
}

template <class Scalar>
void check(int width, int queries, int keys, bool reversed, int heads = 2, int key_heads = 2,
           int window = 0) {
  const AttentionTerms<Scalar> terms{heads, key_heads, Scalar(0.3), window};
  Random random(7);
  const auto query = random_rows<Scalar>(queries, Eigen::Index{heads} * width, random);
  const auto key = random_rows<Scalar>(keys, Eigen::Index{key_heads} * width, random);
  const auto value = random_rows<Scalar>(keys, Eigen::Index{key_heads} * width, random);
  std::vector<int> visible;
  for (int q = 0; q < queries; ++q) {
    visible.push_back(1 + static_cast<int>(random.below(static_cast<std::size_t>(keys))));
  }
  const AttentionLayout layout = one_group(visible, keys, reversed);
  const AttentionInput<Scalar> input{&query, &key, &value, terms};
  Rows<Scalar> mixed;
  attend(layout, input, mixed);
  const double error =
      (mixed.template cast<double>() - attention(layout, input)).cwiseAbs().maxCoeff();
  INFO("width ", width, ", ", queries, " queries, ", keys, " keys");
  CHECK(error < 40 * static_cast<double>(std::numeric_limits<Scalar>::epsilon()));
}

}  // namespace

TEST_CASE("attention equals its definition for every size of heads, queries and keys") {
  // Around a vector (16 and 8 values), a panel of keys (32 and 16), and a tile of queries (128).
  for (const int width : {1, 5, 8, 16, 20, 32, 48}) {
    for (const auto& [queries, keys] : {std::pair{1, 1}, {2, 31}, {7, 32}, {11, 33}, {140, 100}}) {
      for (const bool reversed : {false, true}) {
        check<float>(width, queries, keys, reversed);
        check<double>(width, queries, keys, reversed);
      }
    }
  }
}

TEST_CASE("shared keys and windows are those of the definition") {
  for (const auto& [heads, key_heads] : {std::pair{4, 2}, {3, 1}, {2, 2}, {9, 3}}) {
    for (const int window : {0, 1, 7, 32, 100}) {
      for (const auto& [queries, keys] : {std::pair{11, 33}, {140, 100}}) {
        check<double>(8, queries, keys, true, heads, key_heads, window);
        check<float>(20, queries, keys, false, heads, key_heads, window);
      }
    }
  }
}

TEST_CASE("a query's mixed values do not depend on the queries beside it") {
  Random random(8);
  const auto all = random_rows<float>(13, 16, random);
  const auto key = random_rows<float>(40, 16, random);
  const auto value = random_rows<float>(40, 16, random);
  std::vector<int> visible(13);
  std::iota(visible.begin(), visible.end(), 20);
  Rows<float> together;
  attend(one_group(visible, 40, false), {&all, &key, &value, {1, 1, 0.25F, 0}}, together);
  for (Eigen::Index q = 0; q < 13; ++q) {
    const Rows<float> alone = all.row(q);
    Rows<float> mixed;
    attend(one_group({visible[static_cast<std::size_t>(q)]}, 40, false),
           {&alone, &key, &value, {1, 1, 0.25F, 0}}, mixed);
    CHECK(mixed == together.row(q));
  }
}

TEST_CASE("large scores do not overflow") {
  const Rows<float> query = Rows<float>::Constant(1, 4, 100);
  Rows<float> key = Rows<float>::Constant(3, 4, 100);
  key.row(1) *= 2;
  Rows<float> value = Rows<float>::Ones(3, 4);
  value.row(1) *= 5;
  Rows<float> mixed;
  attend(one_group({3}, 3, false), {&query, &key, &value, {1, 1, 1.0F, 0}}, mixed);
  CHECK(mixed == Rows<float>::Constant(1, 4, 5));
}
