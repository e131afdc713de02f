#include "sextant/pretrain/measurement.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/pretrain/digit_shift.hpp"

using namespace sextant;
using namespace sextant::pretrain;

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
  const auto measured = measure_digit_shift(zero, recipe.family, 10, 2000, 1);
  REQUIRE(measured.size() == 4);
  CHECK(measured[0].tasks == "shifts 0-4, clean labels");
  CHECK(measured[1].tasks == "shifts 5-9, clean labels");
  CHECK(measured[3].tasks == "shifts 0-9, label noise 0.55");
  const double uniform_variance = 99.0 / 12 / 81;  // of a uniform digit over 9
  const double seen = 1 - std::pow(0.9, 10);       // chance that the query's digit is an example's
  for (const auto& row : measured) {
    CHECK(close(errors(row, "guess").squared_error, uniform_variance));
    CHECK(errors(row, "guess").accuracy.mean == doctest::Approx(0.1));
    CHECK(errors(row, "model").squared_error.mean ==
          doctest::Approx(errors(row, "guess").squared_error.mean).epsilon(1e-6));
  }
  for (std::size_t clean = 0; clean < 3; ++clean) {
    CHECK(errors(measured[clean], "all shifts").squared_error.mean == 0);
    CHECK(errors(measured[clean], "all shifts").accuracy.mean == 1);
    CHECK(close(errors(measured[clean], "copy").accuracy, seen + 0.1 * (1 - seen)));
    CHECK(close(errors(measured[clean], "copy").squared_error, (1 - seen) * uniform_variance));
  }
  CHECK(errors(measured[0], "trained shifts").accuracy.mean == 1);
  CHECK(errors(measured[1], "trained shifts").accuracy.mean == 0);
  CHECK(close(errors(measured[2], "trained shifts").accuracy, 0.5));
  CHECK(errors(measured[3], "all shifts").accuracy.mean < 1);
  CHECK(errors(measured[3], "all shifts").accuracy.mean > 0.8);
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
    CHECK(errors(row, "model").accuracy.standard_error ==
          doctest::Approx(std::sqrt(0.09 / 1000)).epsilon(0.2));
  }
  CHECK_THROWS_AS(measure_digit_shift(parameters, recipe.family, 4, 1, 2), ArgumentError);
}

TEST_CASE("shifts are written as they are read") {
  for (const char* text : {"0-4", "7", "0-2,9", "1,3,5", "0-9"}) {
    CHECK(format_shifts(task::parse_shifts(text)) == text);
  }
  CHECK(format_shifts({}).empty());
}
