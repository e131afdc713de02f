#include "sextant/studies/pretrain/measurement.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/studies/pretrain/digit_shift.hpp"
#include "sextant/studies/pretrain/reference_predictors.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;

namespace {

const PredictorErrors& errors(const MeasuredErrors& row, const std::string& predictor) {
  for (const auto& one : row.predictors) {
    if (one.predictor == predictor) return one;
  }
  FAIL("no predictor " << predictor);
  return row.predictors.front();
}

bool close(const Estimate& estimate, double expected) {
  return std::abs(estimate.mean - expected) <= 5 * estimate.standard_error + 1e-12;
}

}  // namespace

TEST_CASE("simple rules have the errors that follow from their definition") {
  DigitShiftRecipe recipe;
  recipe.layers = 1;
  recipe.width = 16;
  model::Parameters<float> zero(model_config(recipe));  // gives every label the same probability
  const auto measured = measure_digit_shift(zero, {{0, 1, 2, 3, 4}, 0}, 10, 2000, 1);
  REQUIRE(measured.size() == 4);  // the labels trained on are clean
  CHECK(measured[0].tasks == "shifts 0-4, clean labels");
  CHECK(measured[1].tasks == "shifts 5-9, clean labels");
  CHECK(measured[3].tasks == "shifts 0-9, label noise 0.55");
  const double uniform_variance = 99.0 / 12 / 81;  // of a uniform digit over 9
  const double seen = 1 - std::pow(0.9, 10);       // chance that the query's digit is an example's
  for (const auto& row : measured) {
    CHECK(close(errors(row, "guess").squared_error, uniform_variance));
    CHECK(errors(row, "guess").accuracy.mean == test::close(0.1, 1e-12));
    CHECK(errors(row, "model").squared_error.mean ==
          test::close(errors(row, "guess").squared_error.mean, 1e-6));
  }
  for (std::size_t clean = 0; clean < 3; ++clean) {
    CHECK(errors(measured[clean], "nearest shift of all ten").squared_error.mean == 0);
    CHECK(errors(measured[clean], "nearest shift of all ten").accuracy.mean == 1);
    CHECK(close(errors(measured[clean], "copy").accuracy, seen + 0.1 * (1 - seen)));
    CHECK(close(errors(measured[clean], "copy").squared_error, (1 - seen) * uniform_variance));
  }
  CHECK(errors(measured[0], "nearest trained shift").accuracy.mean == 1);
  CHECK(errors(measured[1], "nearest trained shift").accuracy.mean == 0);
  CHECK(close(errors(measured[2], "nearest trained shift").accuracy, 0.5));
  CHECK(errors(measured[3], "nearest shift of all ten").accuracy.mean < 1);
  CHECK(errors(measured[3], "nearest shift of all ten").accuracy.mean > 0.8);
}

TEST_CASE("a model that always answers 3 is measured as such") {
  DigitShiftRecipe recipe;
  recipe.layers = 1;
  recipe.width = 16;
  model::Parameters<float> parameters(model_config(recipe));
  // The final norm's bias is then every hidden state; token 3 alone has a row along it.
  parameters.data("ln_f.bias")[0] = 1;
  parameters.data("wte.weight")[3 * 16] = 100;
  const auto measured =
      measure_digit_shift(parameters, {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0}, 4, 1000, 2);
  CHECK(measured.size() == 3);  // no other shifts to measure on
  double mean_square = 0;
  for (int y = 0; y < 10; ++y) mean_square += std::pow((y - 3) / 9.0, 2) / 10;
  for (const auto& row : measured) {
    CHECK(close(errors(row, "model").squared_error, mean_square));
    CHECK(close(errors(row, "model").accuracy, 0.1));
    CHECK(errors(row, "model").accuracy.standard_error == test::close(std::sqrt(0.09 / 1000), 0.2));
  }
  CHECK_THROWS_AS(measure_digit_shift(parameters, recipe.family, 4, 1, 2), ArgumentError);
}

TEST_CASE("the ideal predictor is a posterior mean") {
  using generators::DigitPair;
  const generators::DigitShiftFamily family{{1, 4}, 0.3};
  const std::vector<DigitPair> examples{{2, 3}, {5, 9}, {8, 9}};  // shift 1, shift 4, shift 1
  const auto p = ideal_label(examples, 7, family);
  // Likelihoods of one example: 0.73 when it agrees with the shift, 0.03 when not.
  const double one = 0.73 * 0.03 * 0.73 / (0.73 * 0.03 * 0.73 + 0.03 * 0.73 * 0.03);
  for (int y = 0; y < 10; ++y) {
    const double right = y == 8 ? one : y == 1 ? 1 - one : 0;
    CHECK(p[static_cast<std::size_t>(y)] == test::close(0.7 * right + 0.03, 1e-13));
  }
  // No examples: the prior. Clean labels: certain after one example, a guess after an impossible
  // one.
  CHECK(ideal_label({}, 0, family)[4] == test::close(0.38, 1e-12));
  CHECK(ideal_label(std::vector<DigitPair>{{0, 4}}, 9, {{1, 4}, 0})[3] == 1);
  CHECK(ideal_label(std::vector<DigitPair>{{0, 5}}, 9, {{1, 4}, 0}) == guess_label());
  // Ten thousand examples: no underflow.
  CHECK(ideal_label(std::vector<DigitPair>(10000, {0, 4}), 0, family)[4] ==
        test::close(0.73, 1e-12));
}

TEST_CASE("simple rules on a prompt by hand") {
  using generators::DigitPair;
  const std::vector<DigitPair> examples{{2, 3}, {2, 5}, {2, 5}, {7, 0}};  // shifts 1, 3, 3, 3
  CHECK(copy_label(examples, 2)[5] == test::close(2.0 / 3, 1e-12));
  CHECK(copy_label(examples, 1) == guess_label());
  const std::vector<int> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(nearest_shift_label(examples, 9, all)[2] == 1);
  const std::vector<int> none_agrees{0, 9};
  CHECK(nearest_shift_label(examples, 9, none_agrees)[9] == 0.5);
  CHECK(nearest_shift_label(examples, 9, none_agrees)[8] == 0.5);
}

TEST_CASE("the ideal predictor has the smallest loss and is right where the family says") {
  DigitShiftRecipe recipe;
  recipe.layers = 1;
  recipe.width = 16;
  const generators::DigitShiftFamily clean{{0, 1, 2, 3, 4}, 0};
  const model::Parameters<float> zero(model_config(recipe));
  // Only the first of 11 labels is uncertain, between five; the model does not know any of 16.
  const FreshLoss loss = measure_loss(zero, clean, 10, 300, 1);
  CHECK(loss.ideal == test::close(std::log(5.0) / 11, 1e-12));
  CHECK(loss.model == test::close(std::log(16.0), 1e-6));

  const auto measured = measure_digit_shift(zero, {{0, 1, 2, 3, 4}, 0.3}, 10, 2000, 3);
  REQUIRE(measured.size() == 5);
  CHECK(measured[1].tasks == "shifts 0-4, clean labels");
  for (const auto* rule : {"nearest trained shift", "copy", "guess"}) {
    CHECK(errors(measured[0], "ideal").accuracy.mean >= errors(measured[0], rule).accuracy.mean);
  }
  CHECK(errors(measured[0], "ideal").accuracy.mean > 0.98);
  CHECK(errors(measured[1], "ideal").accuracy.mean == 1);
  CHECK(errors(measured[2], "ideal").accuracy.mean == 0);
}

TEST_CASE("shifts are written as they are read") {
  for (const char* text : {"0-4", "7", "0-2,9", "1,3,5", "0-9"}) {
    CHECK(format_shifts(generators::parse_shifts(text)) == text);
  }
  CHECK(format_shifts({}).empty());
}
