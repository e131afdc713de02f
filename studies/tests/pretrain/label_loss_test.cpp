#include "sextant/studies/pretrain/label_loss.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "support/close.hpp"
#include "support/gradient_check.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;
using namespace sextant::test;

namespace {

/// Sequences that share beginnings, wanted at several places; two of them want different tokens
/// after the same prefix, one wants nothing.
LabelledSequences some_sequences() {
  return {{{1, 10, 4, 11, 2, 10}, {1, 10, 5, 11}, {3, 12}, {1, 10, 4, 11, 2, 10}, {7}},
          {{1, 5}, {1, 3}, {1}, {5}, {}},
          {{4, 6}, {5, 0}, {16}, {8}, {}}};
}

/// The same loss, one sequence and one position at a time.
double naive_loss(const model::Parameters<double>& parameters, const LabelledSequences& batch) {
  const auto weights = parameters.weights();
  const int width = parameters.config().width;
  double total = 0;
  int count = 0;
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    for (std::size_t k = 0; k < batch.positions[i].size(); ++k) {
      const auto end = batch.tokens[i].begin() + batch.positions[i][k] + 1;
      const auto packed = model::pack_causal({{batch.tokens[i].begin(), end}});
      const auto hidden = forward(weights, packed, tree_layouts(packed), false).hidden;
      double sum = 0;
      double wanted = 0;
      for (int token = 0; token < parameters.config().vocabulary; ++token) {
        double logit = 0;
        for (int j = 0; j < width; ++j) logit += weights.head[token * width + j] * hidden(0, j);
        sum += std::exp(logit);
        if (token == batch.next[i][k]) wanted = logit;
      }
      total += std::log(sum) - wanted;
      ++count;
    }
  }
  return total / count;
}

}  // namespace

TEST_CASE("the loss equals a sum over single predictions") {
  const auto parameters = random_parameters<double>(small_config(model::Family::gpt2), 1);
  const double loss = label_loss(parameters, some_sequences());
  CHECK(loss == test::close(naive_loss(parameters, some_sequences()), 1e-12));
  model::Parameters<double> gradient(parameters.config());
  CHECK(label_loss_gradient(parameters, some_sequences(), gradient) == loss);
}

TEST_CASE("a model that knows nothing loses the logarithm of the vocabulary") {
  const model::Parameters<double> zero(small_config(model::Family::gpt2));
  CHECK(label_loss(zero, some_sequences()) == test::close(std::log(17.0), 1e-14));
}

TEST_CASE("the gradient of the loss equals central differences for every tensor") {
  auto parameters = random_parameters<double>(small_config(model::Family::gpt2), 2);
  const LabelledSequences batch = some_sequences();
  model::Parameters<double> gradient(parameters.config());
  gradient.values().assign(gradient.values().size(), 7.0);  // what was there does not matter
  label_loss_gradient(parameters, batch, gradient);
  const GradientCheck found = check_gradient(
      parameters, gradient, [&] { return label_loss(parameters, batch); }, 30);
  INFO("worst ", found.worst, " of ", found.largest);
  CHECK(found.largest > 0.1);
  CHECK(found.worst < 1e-7 * found.largest);
}

TEST_CASE("batches that make no sense are rejected") {
  const auto parameters = random_parameters<double>(small_config(model::Family::gpt2), 4);
  CHECK_THROWS_AS(label_loss(parameters, {{{1}}, {{}}, {{}}}), ArgumentError);
  CHECK_THROWS_AS(label_loss(parameters, {{{1}}, {{0}}, {{17}}}), ArgumentError);
  CHECK_THROWS_AS(label_loss(parameters, {{{1}}, {{0}}, {{1, 2}}}), ArgumentError);
  CHECK_THROWS_AS(label_loss(parameters, {{{1}}, {{1}}, {{1}}}), ArgumentError);
  CHECK_THROWS_AS(label_loss(parameters, {{{1}}, {{0}}, {}}), ArgumentError);
  const model::Parameters<double> bert(small_config(model::Family::bert));
  CHECK_THROWS_AS(label_loss(bert, {{{1}}, {{0}}, {{1}}}), ArgumentError);
}
