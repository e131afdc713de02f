#include "sextant/studies/pretrain/optimizer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "support/close.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;
using namespace sextant::test;

TEST_CASE("two steps of AdamW by hand") {
  const auto config = small_config(model::Family::gpt2, 1, 1, 2);
  auto parameters = random_parameters<double>(config, 1);
  const auto before = parameters.values();
  const AdamWOptions options{0.9, 0.99, 1e-6, 0.1};
  Moments<double> moments(before.size());
  model::Parameters<double> gradient(config);

  const std::size_t matrix = parameters.offset("h.0.mlp.c_fc.weight") + 1;
  const std::size_t bias = parameters.offset("h.0.mlp.c_fc.bias") + 1;
  gradient.values()[matrix] = 2;
  gradient.values()[bias] = 2;
  adamw_step(options, 0.5, 0, gradient, moments, parameters);
  gradient.values()[matrix] = -1;
  gradient.values()[bias] = -1;
  adamw_step(options, 0.25, 1, gradient, moments, parameters);

  // First step: both bias-corrected moments are those of the gradient itself, 2 and 4.
  const double first = 0.5 * 2 / (2 + 1e-6);
  // Second: m = 0.9 * 0.2 - 0.1 = 0.08 over 1 - 0.81; v = 0.99 * 0.04 + 0.01 over 1 - 0.9801.
  const double second = 0.25 * (0.08 / 0.19) / (std::sqrt(0.0496 / 0.0199) + 1e-6);
  const auto after = [&](double w, double decay) {
    w = w - first - 0.5 * decay * w;
    return w - second - 0.25 * decay * w;
  };
  CHECK(parameters.values()[matrix] == test::close(after(before[matrix], 0.1), 1e-13));
  CHECK(parameters.values()[bias] == test::close(after(before[bias], 0), 1e-13));
}

TEST_CASE("only the matrices of linear maps decay") {
  const auto config = small_config(model::Family::gpt2, 2, 2, 4);
  auto parameters = random_parameters<double>(config, 2);
  const auto before = parameters.values();
  Moments<double> moments(before.size());
  adamw_step({0.9, 0.99, 1e-8, 0.5}, 0.1, 0, model::Parameters<double>(config), moments,
             parameters);
  for (const auto& tensor : parameters.shapes()) {
    const std::size_t at = parameters.offset(tensor.name);
    const bool matrix = tensor.name.find("c_") != std::string::npos && tensor.shape.size() == 2;
    CHECK(is_decayed(tensor) == matrix);
    CHECK(parameters.values()[at] == test::close(before[at] * (matrix ? 0.95 : 1.0), 1e-12));
  }
}

TEST_CASE("AdamW finds the minimum of a quadratic") {
  const auto config = small_config(model::Family::gpt2, 1, 1, 2);
  auto parameters = random_parameters<double>(config, 3);
  const auto target = random_parameters<double>(config, 4);
  Moments<double> moments(parameters.values().size());
  model::Parameters<double> gradient(config);
  const Schedule schedule{0.05, 10, 2000, 0};
  for (int step = 0; step < schedule.steps; ++step) {
    for (std::size_t i = 0; i < gradient.values().size(); ++i) {
      gradient.values()[i] = parameters.values()[i] - target.values()[i];
    }
    adamw_step({0.9, 0.99, 1e-8, 0}, learning_rate(schedule, step), step, gradient, moments,
               parameters);
  }
  for (std::size_t i = 0; i < gradient.values().size(); ++i) {
    CHECK(std::abs(parameters.values()[i] - target.values()[i]) < 1e-4);
  }
}

TEST_CASE("steps and clipping do not depend on the number of threads") {
  const auto config = small_config(model::Family::gpt2, 1, 2, 64);  // several chunks per tensor
  auto gradient = random_parameters<float>(config, 5);
  std::vector<std::vector<float>> results;
  for (const int count : {1, 3}) {
    set_threads(count);
    auto parameters = random_parameters<float>(config, 6);
    auto clipped = gradient;
    Moments<float> moments(gradient.values().size());
    clip_gradient(1.0, clipped.values());
    adamw_step({}, 0.1, 0, clipped, moments, parameters);
    results.push_back(parameters.values());
  }
  set_threads(0);
  CHECK(results[0] == results[1]);
}

TEST_CASE("clipping keeps the direction and limits the length") {
  std::vector<double> gradient{3, 0, -4};
  CHECK(clip_gradient(10.0, gradient) == 5);
  CHECK(gradient == std::vector<double>{3, 0, -4});
  CHECK(clip_gradient(1.0, gradient) == 5);
  CHECK(gradient[0] == test::close(0.6, 1e-12));
  CHECK(gradient[2] == test::close(-0.8, 1e-12));
  std::vector<double> zero(3, 0.0);
  CHECK(clip_gradient(1.0, zero) == 0);
  std::vector<float> huge(2, std::numeric_limits<float>::max());  // squares overflow a float
  CHECK(std::isfinite(clip_gradient(1.0, huge)));
  CHECK(huge[0] == test::close(std::sqrt(0.5), 1e-7));  // single precision
  std::vector<double> bad{1, std::nan("")};
  CHECK_FALSE(std::isfinite(clip_gradient(1.0, bad)));
  CHECK(bad[0] == 1);
  CHECK_THROWS_AS(clip_gradient(0.0, gradient), ArgumentError);
}

TEST_CASE("limits of the schedule") {
  const Schedule schedule{0.4, 4, 104, 0.1};
  CHECK(learning_rate(schedule, 0) == test::close(0.1, 1e-12));
  CHECK(learning_rate(schedule, 3) == test::close(0.4, 1e-12));
  CHECK(learning_rate(schedule, 4) == test::close(0.4, 1e-12));
  CHECK(learning_rate(schedule, 54) == test::close(0.4 * 0.55, 1e-12));  // half way down
  CHECK(learning_rate(schedule, 103) > 0.04);
  CHECK(learning_rate(schedule, 103) < 0.041);
  for (int step = 5; step < 104; ++step) {
    CHECK(learning_rate(schedule, step) < learning_rate(schedule, step - 1));
  }
  CHECK(learning_rate({0.4, 0, 10, 0}, 0) == test::close(0.4, 1e-12));   // no warm-up
  CHECK(learning_rate({0.4, 10, 10, 0}, 9) == test::close(0.4, 1e-12));  // nothing but warm-up
  CHECK(learning_rate({0.4, 0, 1, 0}, 0) == test::close(0.4, 1e-12));
  CHECK(learning_rate({0.4, 0, 10, 1}, 9) == test::close(0.4, 1e-12));  // constant
  CHECK_THROWS_AS(learning_rate(schedule, 104), ArgumentError);
  CHECK_THROWS_AS(learning_rate(schedule, -1), ArgumentError);
  CHECK_THROWS_AS(learning_rate({0, 0, 10, 0}, 0), ArgumentError);
  CHECK_THROWS_AS(learning_rate({0.1, 11, 10, 0}, 0), ArgumentError);
  CHECK_THROWS_AS(learning_rate({0.1, 0, 10, 1.5}, 0), ArgumentError);
}
