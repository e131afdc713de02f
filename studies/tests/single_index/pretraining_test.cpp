/// Pretraining: the gradient against differences of a naive loss, the normalisation on known
/// spectra, and whether the subspace is found where the theory says so, and not where it does not.

#include "sextant/studies/single_index/pretraining.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "single_index/setup.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::single_index;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using sextant::test::close;

namespace {

/// mean over prompts and queries of ty_q attn(q), as a function of Gamma, on the drawn prompts.
double correlation(const generators::SingleIndexFamily& family, const MatrixXd& subspace,
                   const Attention& attention, const PretrainingOptions& options,
                   const MatrixXd& gamma) {
  double sum = 0;
  for (Index prompt = 0; prompt < options.prompts; ++prompt) {
    Random random(options.seed, static_cast<std::uint64_t>(prompt));
    const auto task = generators::draw_single_index_task(family, subspace, random);
    const auto context = generators::draw_labelled_inputs(task, options.context, random);
    const auto queries = generators::draw_labelled_inputs(task, options.queries, random);
    for (Index q = 0; q < queries.size(); ++q) {
      sum += std::max(-attention.label_clip, std::min(attention.label_clip, queries.y[q])) *
             test::plain_attention(attention, gamma, context, queries.x.col(q));
    }
  }
  return sum / static_cast<double>(options.prompts * options.queries);
}

}  // namespace

TEST_CASE("the gradient is that of the naive correlation, whatever the threads") {
  generators::SingleIndexFamily family;
  family.dimension = 4;
  family.rank = 2;
  Random random(3);
  const MatrixXd subspace = generators::draw_subspace(family, random);
  PretrainingOptions options;
  options.prompts = 11;  // more than one chunk
  options.context = 30;
  options.queries = 150;  // more than one block
  options.seed = 9;
  for (const double gain : {0.5, 0.0}) {
    const Attention attention{2, 0.8, gain};
    const MatrixXd gradient = pretraining_gradient(family, subspace, attention, options);
    const MatrixXd gamma0 = options.initial_scale / 2 * MatrixXd::Identity(4, 4);
    const double h = 1e-4;
    MatrixXd differences(4, 4);
    for (Index i = 0; i < 4; ++i) {
      for (Index j = 0; j < 4; ++j) {
        MatrixXd up = gamma0, down = gamma0;
        up(i, j) += h;
        down(i, j) -= h;
        differences(i, j) = (correlation(family, subspace, attention, options, up) -
                             correlation(family, subspace, attention, options, down)) /
                            (2 * h);
      }
    }
    CAPTURE(gradient);
    CAPTURE(differences);
    CHECK((gradient - differences).cwiseAbs().maxCoeff() <
          1e-5 * differences.cwiseAbs().maxCoeff());
    set_threads(1);
    CHECK(pretraining_gradient(family, subspace, attention, options) == gradient);
    set_threads(0);
  }
  Index last = 0;
  options.on_progress = [&](Index done) { last = done; };
  pretraining_gradient(family, subspace, {}, options);
  CHECK(last == options.prompts);
}

TEST_CASE("normalising keeps the subspace, takes the background away and fixes the scale") {
  Random random(4);
  generators::SingleIndexFamily family;
  family.dimension = 7;
  family.rank = 7;
  const MatrixXd turn = generators::draw_subspace(family, random);
  VectorXd spectrum(7);
  spectrum << 5, 4, 3, -0.9, -1, -1, -1.1;
  const MatrixXd skew = 0.3 * (turn - turn.transpose());  // symmetrising removes it
  const Pretrained made =
      normalise_gradient(turn * spectrum.asDiagonal() * turn.transpose() + skew, 3);
  CHECK(made.rank() == 3);
  CHECK(made.background == close(-1.0 / 5));
  VectorXd expected(7);
  expected << 1.2, 1, 0.8, 0.02, 0, 0, -0.02;
  CHECK((made.eigenvalues - expected).cwiseAbs().maxCoeff() < 1e-13);
  CHECK(made.largest_bulk() == close(0.02, 1e-10));
  CHECK(smallest_cosine(made.subspace, turn.leftCols(3)) == close(1.0));
  CHECK((made.gamma * std::sqrt(3.0) - turn * expected.asDiagonal() * turn.transpose()).norm() <
        1e-13);
  CHECK(energy_inside(made.gamma, turn.leftCols(3)) ==
        close(expected.head(3).squaredNorm() / expected.squaredNorm()));
  // The unit of the gradient does not matter; all of the space has no background.
  const Pretrained scaled =
      normalise_gradient(1e-9 * turn * spectrum.asDiagonal() * turn.transpose(), 3);
  CHECK((scaled.gamma - made.gamma).norm() < 1e-12);
  const Pretrained whole = normalise_gradient(MatrixXd::Identity(2, 2), 2);
  CHECK(whole.background == 0);
  CHECK(whole.largest_bulk() == 0);
  CHECK(whole.gamma(0, 0) == close(1 / std::sqrt(2.0)));
  CHECK(normalise_gradient(MatrixXd::Constant(1, 1, 4), 1).gamma(0, 0) == close(1.0));
}

TEST_CASE("gradients without a subspace, and shapes that do not fit") {
  CHECK_THROWS_AS(normalise_gradient(MatrixXd::Identity(5, 5), 2), NumericalError);
  CHECK_THROWS_AS(normalise_gradient(MatrixXd::Zero(3, 3), 3), NumericalError);
  CHECK_THROWS_AS(normalise_gradient(MatrixXd(0, 0), 1), ArgumentError);
  CHECK_THROWS_AS(normalise_gradient(MatrixXd::Identity(3, 2), 1), ArgumentError);
  CHECK_THROWS_AS(normalise_gradient(MatrixXd::Identity(3, 3), 0), ArgumentError);
  CHECK_THROWS_AS(normalise_gradient(MatrixXd::Identity(3, 3), 4), ArgumentError);
  CHECK_THROWS_AS(normalise_gradient(MatrixXd::Constant(2, 2, std::nan("")), 1), ArgumentError);
  const test::SmallCase& small = test::rank_four();
  PretrainingOptions none;
  none.prompts = 0;
  CHECK_THROWS_AS(pretraining_gradient(small.family, small.subspace, {}, none), ArgumentError);
  generators::SingleIndexFamily huge = small.family;
  huge.dimension = 200'000;
  CHECK_THROWS_WITH_AS(pretraining_gradient(huge, small.subspace, {}, {}),
                       "pretraining_gradient: dimension is 200000, expected 1 to 4096",
                       ArgumentError);
  CHECK_THROWS_AS(pretraining_gradient(small.family, small.subspace.leftCols(3), {}, {}),
                  ArgumentError);
  CHECK_THROWS_AS(smallest_cosine(small.subspace, small.subspace.leftCols(3)), ArgumentError);
}

TEST_CASE("one step finds the hidden subspace (theory, acceptance test 1)") {
  for (const std::uint64_t seed : {1, 2}) {
    const test::SmallCase four(4, 0.5, seed);
    CHECK(smallest_cosine(four.subspace, four.pretrained.subspace) > 0.95);
    CHECK(four.pretrained.eigenvalues[3] > 5 * four.pretrained.largest_bulk());
    CHECK(four.pretrained.background < 0);
    CHECK(energy_inside(four.pretrained.gamma, four.subspace) > 0.95);
    const test::SmallCase two(2, 0.5, seed);
    CHECK(smallest_cosine(two.subspace, two.pretrained.subspace) > 0.97);
  }
  // Another subspace is another subspace: chance is far below.
  const test::SmallCase& four = test::rank_four();
  Random random(12);
  CHECK(smallest_cosine(generators::draw_subspace(four.family, random), four.pretrained.subspace) <
        0.6);
}

TEST_CASE("without Gamma0 and without a clip there is nothing to find (acceptance test 4)") {
  const test::SmallCase& small = test::rank_four();
  PretrainingOptions options;
  options.prompts = 2000;
  options.context = options.queries = 128;
  options.initial_scale = 0;
  const Attention open{std::numeric_limits<double>::infinity(), 1, 0};
  const Pretrained failed = pretrain(small.family, small.subspace, open, options);
  CHECK(smallest_cosine(small.subspace, failed.subspace) < 0.8);
}
