#pragma once

/// Synthetic classification tables: what a row model is pretrained on.

#include <Eigen/Core>
#include <string_view>
#include <vector>

#include "sextant/core/random.hpp"

namespace sextant::studies::generators {

/// How labels come from inputs.
enum class Generator {
  linear,    ///< Classes by scores linear in the inputs.
  network,   ///< Classes by scores that a random network gives.
  causal,    ///< Inputs and classes both units of one random network.
  tree,      ///< Classes in the leaves of a random tree.
  gaussian,  ///< Scores drawn from a Gaussian process (random Fourier features).
  clusters   ///< Classes as mixtures of Gaussians.
};
inline constexpr Generator generators[] = {Generator::linear,   Generator::network,
                                           Generator::causal,   Generator::tree,
                                           Generator::gaussian, Generator::clusters};
/// "linear", "network", "causal", "tree", "gaussian process", "clusters".
std::string_view name_of(Generator generator);

/// A distribution over tables.
struct TablePrior {
  int most_features = 60;  ///< At least 2; log-uniform from 2.
  int most_classes = 10;   ///< At least 2; half of the tables have two.
  int fewest_context = 16;
  int most_context = 384;  ///< Labelled rows, log-uniform from the fewest.
  int queries = 48;        ///< Further rows of each table.
};

/// One table: the first `context` rows are labelled, the others are queries.
struct SyntheticTable {
  Generator generator = Generator::linear;
  Eigen::MatrixXd columns;  ///< [N, D], NaN for a missing cell.
  std::vector<int> labels;  ///< [N] 0 to classes - 1, each used in some row.
  int classes = 2;
  int context = 0;
  double flipped = 0;  ///< Probability that a label was replaced by a random one.
};

/// Draws a table whose context holds at least two classes: sizes, a generator, correlated or
/// independent inputs, columns that are skewed, coded as ranks or few levels, irrelevant columns,
/// uneven classes, noise in the scores, replaced labels (half of the tables have none), missing
/// cells (in one of six). Throws `ArgumentError` when a number of the prior is out of range.
/// Deterministic given the state of `random`.
SyntheticTable draw_table(const TablePrior& prior, Random& random);

}  // namespace sextant::studies::generators
