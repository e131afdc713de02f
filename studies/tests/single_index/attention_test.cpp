/// The attention layer against a naive sum, its symmetries, and its first coefficients.

#include "sextant/studies/single_index/attention.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/core/threads.hpp"
#include "single_index/setup.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::single_index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct Case {
  MatrixXd gamma;
  generators::LabelledInputs context;
  MatrixXd queries;

  explicit Case(Eigen::Index n = 200, Eigen::Index queries_count = 300) {
    Random random(5);
    gamma = 0.2 * normal_matrix(6, 6, random);
    context = {normal_matrix(6, n, random), 2 * normal_vector(n, random)};
    queries = normal_matrix(6, queries_count, random);
  }
};

}  // namespace

TEST_CASE("attention is the softmax average of clipped labels, whatever the threads") {
  const Case c;
  const Attention attention{1.5, 0.7, 0.4};
  const VectorXd values = attention_values(attention, c.gamma, c.context, c.queries);
  double worst = 0;
  for (Eigen::Index q = 0; q < c.queries.cols(); ++q) {
    worst =
        std::max(worst, std::abs(values[q] - test::plain_attention(attention, c.gamma, c.context,
                                                                   c.queries.col(q))));
  }
  CHECK(worst < 5e-6);
  // Neither the clip, the key's offset nor its gain is idle; the transpose of gamma is another one.
  for (const Attention& other :
       {Attention{1.6, 0.7, 0.4}, Attention{1.5, 0.8, 0.4}, Attention{1.5, 0.7, 0.3}}) {
    CHECK((attention_values(other, c.gamma, c.context, c.queries) - values).norm() > 0.05);
  }
  CHECK((attention_values(attention, c.gamma.transpose(), c.context, c.queries) - values).norm() >
        0.1);
  set_threads(1);
  const VectorXd serial = attention_values(attention, c.gamma, c.context, c.queries);
  set_threads(0);
  CHECK(serial == values);
}

TEST_CASE("limits and symmetries of attention") {
  const Case c;
  const Attention attention;
  const VectorXd labels = clipped_labels(c.context.y, attention.label_clip);
  CHECK(labels.cwiseAbs().maxCoeff() == 3);
  // Without scores every label has the same weight; one example is the only answer.
  const VectorXd flat = attention_values(attention, MatrixXd::Zero(6, 6), c.context, c.queries);
  CHECK((flat.array() - labels.mean()).abs().maxCoeff() < 1e-6);
  const Case one(1);
  const VectorXd single = attention_values(attention, one.gamma, one.context, one.queries);
  CHECK((single.array() - clipped_labels(one.context.y, 3)[0]).abs().maxCoeff() < 1e-6);
  // Order of the context; rotation of all inputs and of gamma with them.
  const VectorXd values = attention_values(attention, c.gamma, c.context, c.queries);
  const generators::LabelledInputs reversed{c.context.x.rowwise().reverse(), c.context.y.reverse()};
  CHECK((attention_values(attention, c.gamma, reversed, c.queries) - values).norm() < 2e-5);
  Random random(6);
  generators::SingleIndexFamily family;
  family.dimension = family.rank = 6;
  const MatrixXd turn = generators::draw_subspace(family, random);
  const VectorXd turned = attention_values(attention, turn * c.gamma * turn.transpose(),
                                           {turn * c.context.x, c.context.y}, turn * c.queries);
  CHECK((turned - values).norm() < 5e-5);
  // Without a clip labels stay as they are.
  const Attention open{std::numeric_limits<double>::infinity(), 1, 0};
  CHECK(std::abs(attention_values(open, MatrixXd::Zero(6, 6), c.context, c.queries)[0] -
                 c.context.y.mean()) < 1e-6);
  CHECK(attention_values(attention, c.gamma, c.context, MatrixXd(6, 0)).size() == 0);
}

TEST_CASE("attention of a wrong shape or setting is refused") {
  const Case c;
  CHECK_THROWS_AS(attention_values({0, 1, 0.5}, c.gamma, c.context, c.queries), ArgumentError);
  CHECK_THROWS_AS(attention_values({3, std::nan(""), 0.5}, c.gamma, c.context, c.queries),
                  ArgumentError);
  CHECK_THROWS_AS(attention_values({}, c.gamma.leftCols(5), c.context, c.queries), ArgumentError);
  CHECK_THROWS_AS(attention_values({}, c.gamma, c.context, c.queries.topRows(5)), ArgumentError);
  CHECK_THROWS_AS(attention_values({}, c.gamma, Case(0).context, c.queries), ArgumentError);
  generators::LabelledInputs bad = c.context;
  bad.y[3] = std::nan("");
  CHECK_THROWS_AS(attention_values({}, c.gamma, bad, c.queries), ArgumentError);
  CHECK_THROWS_AS(attention_values({}, 1e39 * c.gamma, c.context, c.queries), NumericalError);
}

TEST_CASE("coefficients of a weak attention: the theory's table") {
  struct Line {
    double gain, c, h1, h2, h3;
  };
  const Line lines[] = {{.5, -.5, -.1568, .8100, 1.1804}, {.5, 0, -.1193, .6208, 1.1180},
                        {.5, .5, -.0838, .4842, 1.0796},  {0, -.5, -.1203, .1335, .2627},
                        {0, 0, -.1193, 0, .2633},         {0, .5, -.1203, -.1335, .2627}};
  for (const Line& line : lines) {
    CAPTURE(line.gain);
    CAPTURE(line.c);
    const AttentionCoefficients made =
        attention_coefficients({3, 1, line.gain}, generators::LinkFamily::cubic, line.c, 0.01);
    CHECK(std::abs(made.h1 - line.h1) < 6e-5);
    CHECK(std::abs(made.h2 - line.h2) < 6e-5);
    CHECK(std::abs(made.h3 - line.h3) < 6e-5);
  }
  // Without a clip and a gain: labels of information exponent 3, He3 coefficient 6/sqrt(6)/6.
  const AttentionCoefficients open = attention_coefficients(
      {std::numeric_limits<double>::infinity(), 1, 0}, generators::LinkFamily::cubic, 0.5, 0.01);
  CHECK(std::abs(open.h1) < 1e-9);
  CHECK(std::abs(open.h2) < 1e-9);
  CHECK(std::abs(open.h3 - 1 / std::sqrt(6.0)) < 1e-9);
  CHECK_THROWS_AS(attention_coefficients({}, generators::LinkFamily::cubic, 0, -1), ArgumentError);
}

TEST_CASE("attention over many examples is the series that its coefficients begin") {
  // For small s = gamma'beta q: attn(q) - attn(-q) = 2 h1 s + O(s^3), and the mean of both sides is
  // attn(0) + h2 s^2 + O(s^4), up to what clipping leaves of the key's own mean.
  Random random(8);
  const Attention attention{3, 1, 0};
  const generators::SingleIndexTask task{VectorXd::Ones(1), 0.5, generators::LinkFamily::cubic,
                                         0.01};
  const auto context = generators::draw_labelled_inputs(task, 4'000'000, random);
  const double s = 0.2;
  MatrixXd queries(1, 3);
  queries << -s, 0, s;
  const VectorXd values = attention_values(attention, MatrixXd::Ones(1, 1), context, queries);
  const AttentionCoefficients h = attention_coefficients(attention, task.link, task.c, task.sigma2);
  CHECK(std::abs((values[2] - values[0]) / (2 * s) - (h.h1 + h.h3 * s * s)) < 5e-3);
  CHECK(std::abs((values[2] + values[0] - 2 * values[1]) / (2 * s * s) - h.h2) < 2e-2);
}
