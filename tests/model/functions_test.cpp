/// Row functions against their definitions in double precision, and their pull-backs against
/// central differences, at widths around those of vectors.

#include "sextant/model/functions.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>
#include <vector>

#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::model;
using Eigen::Index;

namespace {

constexpr int widths[] = {1, 2, 7, 16, 17, 33, 100};
constexpr Activation activations[] = {Activation::gelu, Activation::gelu_tanh, Activation::relu,
                                      Activation::silu};

double activation_by_definition(Activation activation, double x) {
  switch (activation) {
    case Activation::gelu:
      return x * std::erfc(-x / std::sqrt(2.0)) / 2;
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::silu:
      return x / (1 + std::exp(-x));
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
      for (const int first : {0, visible / 3, visible - 1}) {
        const Rows<Scalar> x = normal_rows<Scalar>(random, 1, width, 8);
        Rows<Scalar> y = x;
        masked_softmax(y.data(), first, visible, width);
        const Eigen::ArrayXd seen =
            x.row(0).segment(first, visible - first).transpose().template cast<double>().array();
        const Eigen::ArrayXd powers = (seen - seen.maxCoeff()).exp();
        for (int i = 0; i < width; ++i) {
          const bool is_seen = i >= first && i < visible;
          const double expected = is_seen ? powers(i - first) / powers.sum() : 0;
          CHECK(std::abs(y(0, i) - expected) <= 100 * epsilon<Scalar>() * expected);
        }
      }
    }
  }
  Rows<Scalar> large = Rows<Scalar>::Constant(1, 20, Scalar(1e4));  // exp would overflow
  masked_softmax(large.data(), 0, 20, 20);
  CHECK(std::abs(large(0, 19) - 0.05) <= 4 * epsilon<Scalar>());
}

TEST_CASE_TEMPLATE("normalize and scale_and_shift", Scalar, float, double) {
  Random random(4);
  for (const int width : widths) {
    const Rows<Scalar> x = normal_rows<Scalar>(random, 40, width, 2).array() + Scalar(1);
    const Rows<Scalar> parameters = normal_rows<Scalar>(random, 2, width, 1);
    Normalized<Scalar> normalized;
    const NormTerms terms{NormKind::layer, 1e-5, 1};
    normalize(x, terms, normalized);
    Rows<Scalar> z;
    scale_and_shift(normalized.hat, terms, {parameters.row(0).data(), parameters.row(1).data()}, z);
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

TEST_CASE_TEMPLATE("norms by the root mean square, whole and head by head", Scalar, float, double) {
  Random random(6);
  for (const NormKind kind : {NormKind::rms, NormKind::rms_plus_one}) {
    for (const int parts : {1, 3}) {
      const int width = 6;
      const Rows<Scalar> x = normal_rows<Scalar>(random, 5, parts * width, 2).array() + Scalar(1);
      const Rows<Scalar> gain = normal_rows<Scalar>(random, 1, width, 1);
      const NormTerms terms{kind, 1e-2, parts};
      Normalized<Scalar> normalized;
      normalize(x, terms, normalized);
      Rows<Scalar> z;
      scale_and_shift(normalized.hat, terms, {gain.data(), nullptr}, z);
      for (Index i = 0; i < x.rows(); ++i) {
        for (int part = 0; part < parts; ++part) {
          const Eigen::ArrayXd values =
              x.row(i).segment(part * width, width).transpose().template cast<double>().array();
          const double root = std::sqrt(values.square().mean() + 1e-2);
          for (Index j = 0; j < width; ++j) {
            const double factor = gain(0, j) + (kind == NormKind::rms_plus_one ? 1.0 : 0.0);
            CHECK(std::abs(z(i, part * width + j) - factor * values(j) / root) <=
                  50 * epsilon<Scalar>());
          }
        }
      }
    }
  }
}

TEST_CASE("a norm's pull-back and push-forward are its derivative") {
  Random random(5);
  for (const NormKind kind : {NormKind::layer, NormKind::rms, NormKind::rms_plus_one}) {
    for (const auto& [width, parts] : {std::pair{2, 1}, {17, 1}, {33, 1}, {5, 3}}) {
      const int columns = width * parts;
      const Rows<double> x = normal_rows<double>(random, 3, columns, 1);
      const Rows<double> parameters = normal_rows<double>(random, 2, width, 1);
      const Norm<double> norm{parameters.row(0).data(),
                              kind == NormKind::layer ? parameters.row(1).data() : nullptr};
      const NormTerms terms{kind, 1e-3, parts};
      const Rows<double> cotangent = normal_rows<double>(random, 2, columns, 1);
      const std::vector<int> at = {2, 1};
      Normalized<double> normalized;
      normalize(x, terms, normalized);
      Rows<double> written;
      normalize_pull_back(normalized, terms, norm, at, cotangent, false, written);
      Rows<double> added = Rows<double>::Ones(2, columns);
      normalize_pull_back(normalized, terms, norm, at, cotangent, true, added);
      CHECK((added - written - Rows<double>::Ones(2, columns)).norm() <= 1e-13 * columns);
      Rows<double> in_place = cotangent;
      normalize_pull_back(normalized, terms, norm, at, in_place, false, in_place);
      CHECK(in_place == written);

      const auto value = [&](const Rows<double>& input) {
        Normalized<double> there;
        normalize(input, terms, there);
        Rows<double> z;
        scale_and_shift(there.hat, terms, norm, z);
        return z;
      };
      const auto product = [&](const Rows<double>& z) {
        return z.row(at[0]).dot(cotangent.row(0)) + z.row(at[1]).dot(cotangent.row(1));
      };
      constexpr double h = 1e-5;
      for (Index i = 0; i < 2; ++i) {
        for (Index j = 0; j < columns; ++j) {
          Rows<double> plus = x;
          Rows<double> minus = x;
          plus(at[static_cast<std::size_t>(i)], j) += h;
          minus(at[static_cast<std::size_t>(i)], j) -= h;
          const double slope = (product(value(plus)) - product(value(minus))) / (2 * h);
          CHECK(std::abs(slope - written(i, j)) <= 1e-7);
        }
      }
      Rows<double> change = normal_rows<double>(random, 3, columns, 1);
      const Rows<double> expected = (value(x + h * change) - value(x - h * change)) / (2 * h);
      normalize_push_forward(normalized, terms, norm, change, change);
      CHECK((change - expected).cwiseAbs().maxCoeff() <= 1e-6);
    }
  }
}

TEST_CASE("a gate's pull-back and push-forward are its derivative") {
  Random random(9);
  for (const Activation f : {Activation::silu, Activation::gelu_tanh}) {
    const Rows<double> open = normal_rows<double>(random, 3, 19, 2);
    const Rows<double> x = normal_rows<double>(random, 3, 19, 2);
    const auto value = [&](const Rows<double>& g, const Rows<double>& y) {
      Rows<double> z;
      gate(f, g, y, z);
      return z;
    };
    for (Index j = 0; j < 19; ++j) {
      const double g = open(1, j);
      const double expected =
          f == Activation::silu
              ? g / (1 + std::exp(-g)) * x(1, j)
              : g / 2 *
                    (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (g + 0.044715 * g * g * g))) *
                    x(1, j);
      CHECK(value(open, x)(1, j) == test::close(expected, 1e-12));
    }
    const std::vector<int> at = {2, 0};
    const Rows<double> cotangent = normal_rows<double>(random, 2, 19, 1);
    Rows<double> of_x = cotangent;
    Rows<double> of_gate;
    gate_pull_back(f, open, x, at, of_x, of_gate);
    constexpr double h = 1e-5;
    for (Index i = 0; i < 2; ++i) {
      const Index row = at[static_cast<std::size_t>(i)];
      for (Index j = 0; j < 19; ++j) {
        Rows<double> plus = open;
        Rows<double> minus = open;
        plus(row, j) += h;
        minus(row, j) -= h;
        const double slope = (value(plus, x)(row, j) - value(minus, x)(row, j)) / (2 * h);
        CHECK(std::abs(slope * cotangent(i, j) - of_gate(i, j)) <= 1e-8);
        plus = minus = x;
        plus(row, j) += h;
        minus(row, j) -= h;
        const double factor = (value(open, plus)(row, j) - value(open, minus)(row, j)) / (2 * h);
        CHECK(std::abs(factor * cotangent(i, j) - of_x(i, j)) <= 1e-8);
      }
    }
    const Rows<double> gate_change = normal_rows<double>(random, 3, 19, 1);
    Rows<double> change = normal_rows<double>(random, 3, 19, 1);
    const Rows<double> expected = (value(open + h * gate_change, x + h * change) -
                                   value(open - h * gate_change, x - h * change)) /
                                  (2 * h);
    gate_push_forward(f, open, x, gate_change, change);
    CHECK((change - expected).cwiseAbs().maxCoeff() <= 1e-7);
  }
}

TEST_CASE("rotary positions turn planes, by differences of positions") {
  Random random(10);
  constexpr int width = 6;
  const Rotary rotary{.theta = 100};
  const RotaryTable<double> table(rotary_frequencies(rotary, width), 30);
  const Rows<double> x = normal_rows<double>(random, 3, 2 * width, 1);
  const std::vector<int> positions = {0, 7, 29};
  Rows<double> y = x;
  rotate(table, positions, false, y);
  for (Index i = 0; i < 3; ++i) {
    for (int head = 0; head < 2; ++head) {
      for (int j = 0; j < width / 2; ++j) {
        const std::complex<double> before(x(i, head * width + j),
                                          x(i, head * width + width / 2 + j));
        const double angle =
            positions[static_cast<std::size_t>(i)] * std::pow(100, -2.0 * j / width);
        const std::complex<double> after = before * std::polar(1.0, angle);
        CHECK(std::abs(y(i, head * width + j) - after.real()) <= 1e-13);
        CHECK(std::abs(y(i, head * width + width / 2 + j) - after.imag()) <= 1e-13);
      }
    }
  }
  rotate(table, positions, true, y);
  CHECK((y - x).cwiseAbs().maxCoeff() <= 1e-13);
}

TEST_CASE("rotary frequencies, plain and for longer contexts") {
  const std::vector<double> plain = rotary_frequencies({.theta = 10000}, 8);
  CHECK(plain == std::vector<double>{1, 0.1, 0.01, 0.001});
  Rotary rotary{.theta = 10000, .scaling = RotaryScaling::linear, .factor = 4};
  for (std::size_t j = 0; j < 4; ++j) {
    CHECK(rotary_frequencies(rotary, 8)[j] == test::close(plain[j] / 4, 1e-15));
  }
  // Waves that the context of 1000 holds more than 4 times stay, less than once are divided.
  rotary.scaling = RotaryScaling::llama3;
  rotary.original_context = 1000;
  rotary.low_frequency_factor = 1;
  rotary.high_frequency_factor = 4;
  const std::vector<double> scaled = rotary_frequencies(rotary, 8);
  CHECK(scaled[0] == 1);
  CHECK(scaled[1] == 0.1);
  const double share = (1000 * 0.01 / (2 * std::numbers::pi) - 1) / 3;
  CHECK(scaled[2] == test::close(0.01 * (share + (1 - share) / 4), 1e-15));
  CHECK(scaled[3] == test::close(0.001 / 4, 1e-15));
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
