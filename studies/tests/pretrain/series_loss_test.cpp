#include "sextant/studies/pretrain/series_loss.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/studies/pretrain/regression.hpp"
#include "support/close.hpp"
#include "support/gradient_check.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::pretrain;
using namespace sextant::test;

namespace {

/// Tasks as wide as the small series model reads.
studies::generators::RegressionTask draw(const model::ModelConfig& config, int count,
                                         std::uint64_t seed) {
  Random random(seed);
  return studies::generators::draw_regression(
      studies::generators::isotropic_regression(config.features - 1, 0.1), count, random);
}

}  // namespace

TEST_CASE("a position's prediction depends on what stands before it alone") {
  const auto config = small_config(model::Family::series);
  const auto parameters = random_parameters<double>(config, 3);
  const studies::generators::RegressionTask task = draw(config, 5, 1);
  const std::vector<double> whole = series_predictions(parameters, all_labels({task}));
  REQUIRE(whole.size() == 5);
  for (int n = 0; n < 5; ++n) {
    studies::generators::RegressionTask context = task;
    context.x.conservativeResize(n, Eigen::NoChange);
    context.y.conservativeResize(n);
    studies::generators::RegressionTask query = task;
    query.x = task.x.row(n);
    query.y = task.y.segment(n, 1);
    const auto alone = series_predictions(parameters, labels_after(context, query));
    CHECK(alone.front() == test::close(whole[static_cast<std::size_t>(n)], 1e-12));
    query.y[0] += 100;  // its own label is never read
    CHECK(series_predictions(parameters, labels_after(context, query)) == alone);
  }
  studies::generators::RegressionTask changed = task;
  changed.y[1] += 1;
  const auto moved = series_predictions(parameters, all_labels({changed}));
  CHECK(moved[0] == whole[0]);
  CHECK(moved[1] == whole[1]);
  CHECK(std::abs(moved[2] - whole[2]) > 1e-6);
}

TEST_CASE("the loss is the mean squared error, whether series share a beginning or not") {
  const auto config = small_config(model::Family::series);
  const auto parameters = random_parameters<double>(config, 4);
  const LabelledSeries batch = labels_after(draw(config, 3, 1), draw(config, 4, 2));
  const auto predictions = series_predictions(parameters, batch);
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) sum += std::pow(predictions[i] - batch.targets[i][0], 2);
  CHECK(series_loss(parameters, batch) == test::close(sum / 4, 1e-12));
  LabelledSeries twice = batch;
  twice.rows.push_back(batch.rows[1]);
  twice.positions.push_back(batch.positions[1]);
  twice.targets.push_back({batch.targets[1][0] + 1});
  sum += std::pow(predictions[1] - batch.targets[1][0] - 1, 2);
  CHECK(series_loss(parameters, twice) == test::close(sum / 5, 1e-12));
}

TEST_CASE("the gradient of the loss of series equals central differences") {
  const auto config = small_config(model::Family::series);
  auto parameters = random_parameters<double>(config, 5);
  const LabelledSeries batch = all_labels({draw(config, 4, 1), draw(config, 4, 2)});
  model::Parameters<double> gradient(config);
  const double loss = series_loss_gradient(parameters, batch, gradient);
  CHECK(loss == test::close(series_loss(parameters, batch), 1e-13));
  const GradientCheck found =
      check_gradient(parameters, gradient, [&] { return series_loss(parameters, batch); });
  CHECK(found.largest > 0.01);
  CHECK(found.worst < 1e-7 * found.largest + 1e-9 * loss);
}

TEST_CASE("what does not fit is refused") {
  const auto config = small_config(model::Family::series);
  const auto parameters = random_parameters<double>(config, 7);
  LabelledSeries batch = labels_after(draw(config, 2, 1), draw(config, 2, 2));
  CHECK_THROWS_AS(
      series_loss(random_parameters<double>(small_config(model::Family::gpt2), 1), batch),
      ArgumentError);
  batch.targets[0].clear();
  CHECK_THROWS_AS(series_loss(parameters, batch), ArgumentError);
  batch = labels_after(draw(config, 2, 1), draw(config, 2, 2));
  batch.rows[0][0] = batch.table->rows();
  CHECK_THROWS_AS(series_loss(parameters, batch), ArgumentError);
  CHECK_THROWS_AS(series_loss(parameters, LabelledSeries{}), ArgumentError);
}
