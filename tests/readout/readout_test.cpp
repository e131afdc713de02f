#include <doctest/doctest.h>
#include <unistd.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <filesystem>

#include "sextant/core/errors.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "sextant/readout/linear_head.hpp"
#include "support/close.hpp"
#include "support/random_model.hpp"

using namespace sextant;
using namespace sextant::readout;
using sextant::model::Rows;

namespace {

/// |analytic - central difference| worst over all hidden entries.
double worst_gradient_error(const model::ScalarReadout<double>& readout, Rows<double> hidden,
                            const std::vector<int>& outputs) {
  Rows<double> cotangent = Rows<double>::Zero(hidden.rows(), hidden.cols());
  readout.pull_back(hidden, outputs, 2.0, outputs, cotangent);
  double worst = 0;
  for (Eigen::Index i = 0; i < hidden.size(); ++i) {
    const double kept = hidden.data()[i];
    constexpr double h = 1e-6;
    hidden.data()[i] = kept + h;
    const double above = readout.predict(hidden, outputs);
    hidden.data()[i] = kept - h;
    const double below = readout.predict(hidden, outputs);
    hidden.data()[i] = kept;
    worst = std::max(worst, std::abs(2.0 * (above - below) / (2 * h) - cotangent.data()[i]));
  }
  return worst;
}

Rows<double> random_rows(int rows, int columns, std::uint64_t seed) {
  Random random(seed);
  Rows<double> result(rows, columns);
  for (Eigen::Index i = 0; i < result.size(); ++i) result.data()[i] = random.normal();
  return result;
}

}  // namespace

TEST_CASE("label expectation: value, gradient, shift invariance, large logits") {
  const auto config = test::small_config(model::Family::gpt2);
  auto parameters = test::random_parameters<double>(config, 3);
  const auto weights = parameters.weights();
  const LabelExpectation<double> readout(weights, {1, 4, 9}, {0.0, 1.0, 3.0});
  const Rows<double> hidden = random_rows(4, config.width, 4);
  const auto logit = [&](int token) {
    double sum = 0;
    for (int k = 0; k < config.width; ++k)
      sum += weights.head[token * config.width + k] * hidden(2, k);
    return std::exp(sum);
  };
  const double total = logit(1) + logit(4) + logit(9);
  const std::vector<int> outputs{2};
  CHECK(readout.predict(hidden, outputs) == test::close((logit(4) + 3 * logit(9)) / total, 1e-12));
  CHECK(worst_gradient_error(readout, hidden, outputs) < 1e-8);
  const Rows<double> huge = 1e4 * hidden;
  const double certain = readout.predict(huge, outputs);
  CHECK(std::isfinite(certain));
  CHECK(certain >= 0);
  CHECK(certain <= 3);

  CHECK_THROWS_AS((LabelExpectation<double>(weights, {1}, {0, 1})), ArgumentError);
  CHECK_THROWS_AS((LabelExpectation<double>(weights, {}, {})), ArgumentError);
  CHECK_THROWS_AS((LabelExpectation<double>(weights, {17}, {0})), ArgumentError);
  CHECK_THROWS_AS((LabelExpectation<double>(weights, {1}, {std::nan("")})), ArgumentError);
}

TEST_CASE("pooled head: value, gradient, file") {
  const Rows<double> hidden = random_rows(6, 5, 7);
  LinearHead head{random_rows(5, 1, 8).col(0), -0.25};
  const PooledHead<double> readout(head, 5);
  const std::vector<int> outputs{1, 2, 4};
  const double expected =
      ((hidden.row(1) + hidden.row(2) + hidden.row(4)) / 3 * head.weight)(0) + head.bias;
  CHECK(readout.predict(hidden, outputs) == test::close(expected, 1e-13));
  CHECK(worst_gradient_error(readout, hidden, outputs) < 1e-8);
  CHECK_THROWS_AS((PooledHead<double>(head, 6)), ArgumentError);

  const auto path = std::filesystem::temp_directory_path() /
                    ("sextant-head-" + std::to_string(::getpid()) + ".safetensors");
  write_head(path, head);
  const LinearHead back = read_head(path);
  CHECK(back.weight == head.weight);
  CHECK(back.bias == head.bias);
  io::SafetensorsWriter writer;
  writer.set_metadata("format", "sextant-head/1");
  writer.add("weight", {5}, std::span<const double>(head.weight.data(), 5));
  writer.write(path);
  CHECK_THROWS_WITH_AS(read_head(path), doctest::Contains("\"bias\""), InputError);
  std::filesystem::remove(path);
}

namespace {

/// Ridge with a free intercept by normal equations, leaving one example out or none.
LinearHead ridge_directly(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, double penalty,
                          Eigen::Index left_out) {
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(x.cols() + 1, x.cols() + 1);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(x.cols() + 1);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    if (i == left_out) continue;
    Eigen::VectorXd row(x.cols() + 1);
    row << x.row(i).transpose(), 1.0;
    normal += row * row.transpose();
    right += y(i) * row;
  }
  normal.topLeftCorner(x.cols(), x.cols()).diagonal().array() += penalty;
  const Eigen::VectorXd solution = normal.ldlt().solve(right);
  return {solution.head(x.cols()), solution(x.cols())};
}

}  // namespace

TEST_CASE("ridge: closed-form leave-one-out equals leaving one out, for wide and tall data") {
  for (const int columns : {4, 30}) {
    const Rows<double> data = random_rows(20, columns + 1, 17);
    const Eigen::MatrixXd x = data.leftCols(columns);
    const Eigen::VectorXd y = x.col(0) * 0.8 + data.col(columns) + Eigen::VectorXd::Ones(20);
    const RidgeFit fit = fit_ridge(x, y);
    const LinearHead direct = ridge_directly(x, y, fit.penalty, -1);
    CHECK((fit.head.weight - direct.weight).norm() < 1e-8 * (1 + direct.weight.norm()));
    CHECK(fit.head.bias == test::close(direct.bias, 1e-8));
    CHECK_FALSE(fit.at_lower_edge);
    CHECK_FALSE(fit.at_upper_edge);
    CHECK(fit.warnings.empty());
    CHECK_FALSE(fit.leave_one_out_accuracy);  // twenty values
    double error = 0;
    for (Eigen::Index i = 0; i < 20; ++i) {
      const LinearHead without = ridge_directly(x, y, fit.penalty, i);
      const double prediction = x.row(i).dot(without.weight) + without.bias;
      CHECK(fit.leave_one_out_predictions(i) == test::close(prediction, 1e-6));
      error += std::pow(y(i) - prediction, 2) / 20;
    }
    CHECK(fit.leave_one_out_error == test::close(error, 1e-6));
    // No penalty of a fine grid does better.
    for (int k = -40; k <= 40; ++k) {
      const double penalty = fit.penalty * std::exp(0.2 * k);
      double other = 0;
      for (Eigen::Index i = 0; i < 20; ++i) {
        const LinearHead without = ridge_directly(x, y, penalty, i);
        other += std::pow(y(i) - x.row(i).dot(without.weight) - without.bias, 2) / 20;
      }
      CHECK(other >= fit.leave_one_out_error * (1 - 1e-6));
    }
  }
}

TEST_CASE("ridge: accuracy of two values of targets, and a penalty at the edge of its range") {
  Eigen::MatrixXd x(6, 1);
  x << -2, -1, 0.5, -0.5, 1, 2;
  Eigen::VectorXd y(6);
  y << 10, 10, 10, 30, 30, 30;
  const RidgeFit fit = fit_ridge(x, y);
  int right = 0;
  for (Eigen::Index i = 0; i < 6; ++i) {
    right += (fit.leave_one_out_predictions(i) > 20) == (y(i) > 20);
  }
  CHECK(right == 4);  // the two in the middle stand on the wrong sides
  REQUIRE(fit.leave_one_out_accuracy);
  CHECK(*fit.leave_one_out_accuracy == 4.0 / 6);
  y(0) = 11;
  CHECK_FALSE(fit_ridge(x, y).leave_one_out_accuracy);  // three values
  const RidgeFit line = fit_ridge(x, x.col(0));
  CHECK(line.at_lower_edge);
  CHECK(line.warnings == std::vector<std::string>{"the best penalty is the smallest one tried"});
  Eigen::VectorXd even(6);
  even << 1, -1, 1, 1, -1, 1;  // no slope helps
  const RidgeFit flat = fit_ridge(Eigen::VectorXd::LinSpaced(6, -1, 1), even);
  CHECK(flat.at_upper_edge);
  CHECK(flat.warnings == std::vector<std::string>{"the best penalty is the largest one tried"});
}

TEST_CASE("ridge: degenerate data have defined answers") {
  const Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(6, 0, 1);
  const RidgeFit constant = fit_ridge(Eigen::MatrixXd::Ones(6, 3), y);
  CHECK(constant.head.weight.norm() == 0);
  CHECK(constant.head.bias == test::close(0.5, 1e-12));
  CHECK(constant.leave_one_out_error == test::close(constant.baseline_error, 1e-12));
  const RidgeFit perfect = fit_ridge(y, y);
  CHECK(perfect.at_lower_edge);
  CHECK(perfect.leave_one_out_error < 1e-8);
  CHECK_THROWS_AS(fit_ridge(Eigen::MatrixXd::Ones(6, 3), Eigen::VectorXd::Ones(6)), ArgumentError);
  CHECK_THROWS_AS(fit_ridge(Eigen::MatrixXd::Ones(5, 3), y), ArgumentError);
  CHECK_THROWS_AS(fit_ridge(Eigen::MatrixXd::Constant(6, 3, NAN), y), ArgumentError);
}

TEST_CASE("scalars are probabilities of classes, and of two classes the second's alone") {
  const auto parameters =
      test::random_parameters<double>(test::small_config(model::Family::rows), 5);
  const auto weights = parameters.weights();
  const ClassProbabilities<double> three(weights, 3);
  const Rows<double> hidden = random_rows(2, weights.config.width, 6);
  const std::vector<int> output{1};
  double sum = 0;
  for (int index = 0; index < scalars_per_row(3); ++index) {
    const double p = three.scalar(index).predict(hidden, output);
    CHECK(p == test::close(three.probabilities(hidden, 1)(index), 1e-14));
    sum += p;
  }
  CHECK(sum == test::close(1, 1e-14));
  const ClassProbabilities<double> two(weights, 2);
  CHECK(scalars_per_row(2) == 1);
  CHECK(two.predict(hidden, output) == test::close(two.probabilities(hidden, 1)(1), 1e-14));
  CHECK_THROWS_AS(two.scalar(1), std::out_of_range);
  CHECK_THROWS_AS(ClassProbabilities<double>(weights, 1), ArgumentError);
  CHECK_THROWS_AS(ClassProbabilities<double>(weights, 5), ArgumentError);
}
