/// Row functions against their definitions in double precision, and their pull-backs against
/// central differences, at widths around those of vectors.

#include "sextant/model/functions.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numeric>
#include <vector>

#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::model;
using Eigen::Index;

namespace {

constexpr int widths[] = {1, 2, 7, 16, 17, 33, 100};
constexpr Activation activations[] = {Activation::gelu, Activation::gelu_tanh, Activation::relu};

double activation_by_definition(Activation activation, double x) {
  switch (activation) {
    case Activation::gelu:
      return x * std::erfc(-x / std::sqrt(2.0)) / 2;
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
  }
  return 0;
}

template <class Scalar>
Rows<Scalar> normal_rows(Random& random, Index rows, Index columns, double scale) {
  return (scale * normal_matrix(rows, columns, random)).template cast<Scalar>();
}

template <class Scalar>
double epsilon() {
  return static_cast<double>(std::numeric_limits<Scalar>::epsilon());
}

}  // namespace

TEST_CASE_TEMPLATE("activations equal their definitions, in place too", Scalar, float, double) {
  Random random(1);
  for (const Activation activation : activations) {
    for (const int width : widths) {
      Rows<Scalar> x = normal_rows<Scalar>(random, 3, width, 3);
      x(0, 0) = 0;
      x(1, 0) = -30;
      x(2, 0) = 30;
      Rows<Scalar> y;
      activate(activation, x, y);
      for (Index i = 0; i < x.size(); ++i) {
        const double expected = activation_by_definition(activation, x.data()[i]);
        // 1 + erf cancels for negative x: the error is relative to |x|, 4 units for the library.
        CHECK(std::abs(y.data()[i] - expected) <=
              4 * epsilon<Scalar>() * std::abs(double{x.data()[i]}));
      }
      activate(activation, x, x);
      CHECK(x == y);
    }
  }
}

TEST_CASE("an activation's pull-back is its derivative") {
  Random random(2);
  for (const Activation activation : activations) {
    for (const int width : widths) {
      const Rows<double> x = normal_rows<double>(random, 4, width, 1.5);
      const Rows<double> factor = normal_rows<double>(random, 2, width, 1);
      const std::vector<int> at = {2, 0};
      Rows<double> cotangent = factor;
      activate_pull_back(activation, x, at, cotangent);
      constexpr double h = 1e-5;
      for (Index i = 0; i < 2; ++i) {
        for (Index j = 0; j < width; ++j) {
          const double here = x(at[static_cast<std::size_t>(i)], j);
          if (activation == Activation::relu && std::abs(here) < h) continue;
          const double slope = (activation_by_definition(activation, here + h) -
                                activation_by_definition(activation, here - h)) /
                               (2 * h);
          CHECK(std::abs(cotangent(i, j) - factor(i, j) * slope) <= 1e-9);
        }
      }
      const Rows<float> single = x.cast<float>();
      Rows<float> narrow = factor.cast<float>();
      activate_pull_back(activation, single, at, narrow);
      CHECK((narrow.cast<double>() - cotangent).cwiseAbs().maxCoeff() <= 2e-6);
    }
  }
}

TEST_CASE_TEMPLATE("masked_softmax: sums to one over what is visible", Scalar, float, double) {
  Random random(3);
  for (const int width : widths) {
    for (const int visible : {1, (width + 1) / 2, width}) {
      const Rows<Scalar> x = normal_rows<Scalar>(random, 1, width, 8);
      Rows<Scalar> y = x;
      masked_softmax(y.data(), visible, width);
      const Eigen::ArrayXd seen =
          x.row(0).head(visible).transpose().template cast<double>().array();
      const Eigen::ArrayXd powers = (seen - seen.maxCoeff()).exp();
      for (int i = 0; i < width; ++i) {
        const double expected = i < visible ? powers(i) / powers.sum() : 0;
        CHECK(std::abs(y(0, i) - expected) <= 100 * epsilon<Scalar>() * expected);
      }
    }
  }
  Rows<Scalar> large = Rows<Scalar>::Constant(1, 20, Scalar(1e4));  // exp would overflow
  masked_softmax(large.data(), 20, 20);
  CHECK(std::abs(large(0, 19) - 0.05) <= 4 * epsilon<Scalar>());
}

TEST_CASE_TEMPLATE("normalize and scale_and_shift", Scalar, float, double) {
  Random random(4);
  for (const int width : widths) {
    const Rows<Scalar> x = normal_rows<Scalar>(random, 40, width, 2).array() + Scalar(1);
    const Rows<Scalar> parameters = normal_rows<Scalar>(random, 2, width, 1);
    Normalized<Scalar> normalized;
    normalize(x, 1e-5, normalized);
    Rows<Scalar> z;
    scale_and_shift(normalized.hat, {parameters.row(0).data(), parameters.row(1).data()}, z);
    for (Index i = 0; i < x.rows(); ++i) {
      const Eigen::ArrayXd row = x.row(i).transpose().template cast<double>().array();
      const double deviation = std::sqrt((row - row.mean()).square().mean() + 1e-5);
      CHECK(normalized.inverse_deviation[static_cast<std::size_t>(i)] ==
            test::close(1 / deviation, 20 * epsilon<Scalar>()));
      for (Index j = 0; j < width; ++j) {
        const double hat = (row(j) - row.mean()) / deviation;
        CHECK(std::abs(normalized.hat(i, j) - hat) <= 50 * epsilon<Scalar>());
        CHECK(std::abs(z(i, j) - (hat * parameters(0, j) + parameters(1, j))) <=
              200 * epsilon<Scalar>());
      }
    }
  }
}

TEST_CASE("a norm's pull-back is its derivative, written or added") {
  Random random(5);
  for (const int width : {2, 17, 33}) {
    const Rows<double> x = normal_rows<double>(random, 3, width, 1);
    const Rows<double> parameters = normal_rows<double>(random, 2, width, 1);
    const Norm<double> norm{parameters.row(0).data(), parameters.row(1).data()};
    const Rows<double> cotangent = normal_rows<double>(random, 2, width, 1);
    const std::vector<int> at = {2, 1};
    Normalized<double> normalized;
    normalize(x, 1e-3, normalized);
    Rows<double> written;
    normalize_pull_back(normalized, norm, at, cotangent, false, written);
    Rows<double> added = Rows<double>::Ones(2, width);
    normalize_pull_back(normalized, norm, at, cotangent, true, added);
    CHECK((added - written - Rows<double>::Ones(2, width)).norm() <= 1e-13 * width);

    const auto value = [&](const Rows<double>& input) {
      Normalized<double> there;
      normalize(input, 1e-3, there);
      Rows<double> z;
      scale_and_shift(there.hat, norm, z);
      return z.row(at[0]).dot(cotangent.row(0)) + z.row(at[1]).dot(cotangent.row(1));
    };
    constexpr double h = 1e-5;
    for (Index i = 0; i < 2; ++i) {
      for (Index j = 0; j < width; ++j) {
        Rows<double> plus = x;
        Rows<double> minus = x;
        plus(at[static_cast<std::size_t>(i)], j) += h;
        minus(at[static_cast<std::size_t>(i)], j) -= h;
        CHECK(std::abs((value(plus) - value(minus)) / (2 * h) - written(i, j)) <= 1e-7);
      }
    }
  }
}

TEST_CASE_TEMPLATE("tiles cover a product, whatever its shape", Scalar, float, double) {
  Random random(6);
  for (const auto& [m, n, k] :
       {std::tuple{1, 1, 1}, {70, 900, 30}, {700, 40, 40}, {130, 1600, 9}}) {
    const Rows<Scalar> x = normal_rows<Scalar>(random, m, k, 1);
    const Rows<Scalar> bias = normal_rows<Scalar>(random, 1, n, 1);
    const Rows<Scalar> weight = normal_rows<Scalar>(random, k, n, 1);
    const Rows<Scalar> stored = weight.transpose();
    const Rows<double> expected =
        (x.template cast<double>() * weight.template cast<double>()).rowwise() +
        bias.row(0).template cast<double>();
    const double tolerance = 4 * k * epsilon<Scalar>();
    for (const bool transposed : {false, true}) {
      const MatrixView<Scalar> view = {transposed ? stored.data() : weight.data(), k, n,
                                       static_cast<std::size_t>(transposed ? k : n), transposed};
      Rows<Scalar> y;
      apply(view, bias.data(), x, y);
      CHECK((y.template cast<double>() - expected).cwiseAbs().maxCoeff() <= tolerance);
      apply(view, bias.data(), x, y, true);
      CHECK((y.template cast<double>() - 2 * expected).cwiseAbs().maxCoeff() <= 2 * tolerance);
      Rows<Scalar> pulled;
      apply_transposed(view, y, pulled, false);
      const Rows<double> back =
          y.template cast<double>() * weight.template cast<double>().transpose();
      CHECK((pulled.template cast<double>() - back).norm() <= n * epsilon<Scalar>() * back.norm());
    }
  }
}
