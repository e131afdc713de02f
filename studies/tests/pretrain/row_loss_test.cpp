#include "sextant/studies/pretrain/row_loss.hpp"

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

/// Two tables, the second of two classes, one below the other.
LabelledRows two_tables(const model::ModelConfig& config) {
  model::RowTable table = *random_table(config, 12, 3, 4);
  for (int row = 7; row < 12; ++row) table.labels[static_cast<std::size_t>(row)] = row % 2;
  table.labels[4] = 2;
  return {std::make_shared<const model::RowTable>(table),
          {{0, 1, 2, 3}, {7, 8, 9}},
          {{4, 5, 6}, {10, 11}},
          {3, 2}};
}

}  // namespace

TEST_CASE("the loss of rows is the mean of each query's own, over its table's classes") {
  const auto config = small_config(model::Family::rows);
  const auto parameters = random_parameters<double>(config, 3);
  const LabelledRows batch = two_tables(config);
  double sum = 0;
  for (std::size_t t = 0; t < 2; ++t) {
    for (const int row : batch.queries[t]) {
      auto sequence = batch.contexts[t];
      sequence.push_back(batch.table->query_token(row, 0));
      const auto packed = model::pack_rows(batch.table, {sequence});
      const auto weights = parameters.weights();
      const auto hidden = forward(weights, packed, model::tree_layouts(packed), false).hidden;
      double total = 0;
      double own = 0;
      for (int k = 0; k < batch.classes[t]; ++k) {
        double logit = 0;
        for (int i = 0; i < config.width; ++i) {
          logit += hidden(0, i) * weights.head[k * config.width + i];
        }
        total += std::exp(logit);
        if (k == batch.table->labels[static_cast<std::size_t>(row)]) own = logit;
      }
      sum += std::log(total) - own;
    }
  }
  CHECK(row_loss(parameters, batch) == test::close(sum / 5, 1e-12));
  // With all parameters 0 every class is as likely as the others.
  const model::Parameters<double> zero(config);
  CHECK(row_loss(zero, batch) == test::close((3 * std::log(3.0) + 2 * std::log(2.0)) / 5, 1e-12));
}

TEST_CASE("the gradient of the loss of rows equals central differences") {
  const auto config = small_config(model::Family::rows);
  auto parameters = random_parameters<double>(config, 5);
  const LabelledRows batch = two_tables(config);
  model::Parameters<double> gradient(config);
  const double loss = row_loss_gradient(parameters, batch, gradient);
  CHECK(loss == test::close(row_loss(parameters, batch), 1e-13));
  const GradientCheck found =
      check_gradient(parameters, gradient, [&] { return row_loss(parameters, batch); });
  CHECK(found.largest > 0.01);
  CHECK(found.worst < 1e-7 * found.largest + 1e-10);  // rounding of a loss near 1, over 2 h
}

TEST_CASE("labels outside a table's classes and other models are refused") {
  const auto config = small_config(model::Family::rows);
  const auto parameters = random_parameters<double>(config, 5);
  LabelledRows batch = two_tables(config);
  batch.classes[0] = 2;  // row 4 has class 2
  CHECK_THROWS_AS(row_loss(parameters, batch), ArgumentError);
  batch.classes[0] = 5;  // the model knows four
  CHECK_THROWS_AS(row_loss(parameters, batch), ArgumentError);
  batch = two_tables(config);
  batch.queries = {{}, {}};
  CHECK_THROWS_AS(row_loss(parameters, batch), ArgumentError);
  const auto decoder = random_parameters<double>(small_config(model::Family::gpt2), 5);
  CHECK_THROWS_AS(row_loss(decoder, two_tables(config)), ArgumentError);
}
