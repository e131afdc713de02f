#pragma once

/// Numeric columns of a table as the features of a row model.

#include <Eigen/Core>
#include <span>
#include <vector>

#include "sextant/model/linear_algebra.hpp"

namespace sextant::task {

/// Values further from the middle than this many deviations are moved to it.
inline constexpr double largest_feature = 5;

/// Rows ready for a model, and which columns they came from.
struct RowFeatures {
  model::Rows<float> values = {};     ///< [R, K], K = max(1, number of kept columns).
  std::vector<int> kept = {};         ///< Ascending columns of the input that say something.
  std::vector<int> constant = {};     ///< Columns with one value in the context.
  std::vector<int> all_missing = {};  ///< Columns without any value in the context.
};

/// Standardises columns by the context rows alone: mean and deviation of the values that are there,
/// then once more of those within four deviations of that mean, so that a few huge values do not
/// flatten the rest; results are limited to +-`largest_feature` and divided by sqrt(K), so that the
/// length of a row does not grow with the number of columns. A missing cell (NaN) becomes 0, the
/// middle. Columns that are constant or missing throughout the context are left out; where all are,
/// one column of zeros remains.
///
/// `columns` [R, D] finite or NaN, of any size that a double can hold; `context` rows, at least
/// one. The context's order changes nothing. Throws `ArgumentError` for an empty
/// context, rows outside the table and infinite values. Cost O(R D).
RowFeatures standardized_features(const Eigen::Ref<const Eigen::MatrixXd>& columns,
                                  std::span<const int> context);

}  // namespace sextant::task
