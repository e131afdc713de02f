#include "sextant/task/row_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"

namespace sextant::task {
namespace {

constexpr double outlier_deviations = 4;

/// Where a column's values lie; deviation 0 where all are equal.
struct Location {
  double mean = 0;
  double deviation = 0;
};

/// Of values below 2 in size, which the column is divided by before, so that nothing overflows.
Location locate(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / static_cast<double>(values.size()))};
}

/// The location of those values that are not outliers of the location of all.
Location locate_robustly(const std::vector<double>& values) {
  const Location first = locate(values);
  std::vector<double> inner;
  for (const double value : values) {
    if (std::abs(value - first.mean) <= outlier_deviations * first.deviation)
      inner.push_back(value);
  }
  const Location second = locate(inner);
  return second.deviation > 0 ? second : first;
}

}  // namespace

RowFeatures standardized_features(const Eigen::Ref<const Eigen::MatrixXd>& columns,
                                  std::span<const int> context) {
  constexpr std::string_view here = "standardized_features";
  if (context.empty()) throw ArgumentError(here, "context", "is empty");
  for (const int row : context) {
    if (row < 0 || row >= columns.rows()) {
      throw ArgumentError(here, "context", fmt::format("has row {}, outside the table", row));
    }
  }
  RowFeatures result;
  std::vector<Eigen::VectorXd> features;
  for (Eigen::Index c = 0; c < columns.cols(); ++c) {
    std::vector<double> values;
    double largest = 0;
    for (Eigen::Index r = 0; r < columns.rows(); ++r) {
      if (std::isinf(columns(r, c))) {
        throw ArgumentError(here, "columns", fmt::format("({}, {}) is infinite", r, c));
      }
    }
    for (const int row : context) {
      if (std::isnan(columns(row, c))) continue;
      values.push_back(columns(row, c));
      largest = std::max(largest, std::abs(values.back()));
    }
    if (values.empty()) {
      result.all_missing.push_back(static_cast<int>(c));
      continue;
    }
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*low == *high) {
      result.constant.push_back(static_cast<int>(c));
      continue;
    }
    for (double& value : values) value /= largest;
    std::ranges::sort(values);  // sums are then the same in any order of the context
    const Location location = locate_robustly(values);
    Eigen::VectorXd& feature = features.emplace_back(columns.rows());
    for (Eigen::Index r = 0; r < columns.rows(); ++r) {
      // A query may be so far out that the quotient overflows: the limit holds then as well.
      const double z = (columns(r, c) / largest - location.mean) / location.deviation;
      feature(r) = std::isnan(columns(r, c)) || std::isnan(z)
                       ? 0
                       : std::clamp(z, -largest_feature, largest_feature);
    }
    result.kept.push_back(static_cast<int>(c));
  }
  const auto count = static_cast<Eigen::Index>(features.size());
  result.values = model::Rows<float>::Zero(columns.rows(), std::max<Eigen::Index>(1, count));
  const double share = 1 / std::sqrt(static_cast<double>(std::max<Eigen::Index>(1, count)));
  for (Eigen::Index c = 0; c < count; ++c) {
    result.values.col(c) = (share * features[static_cast<std::size_t>(c)]).cast<float>();
  }
  return result;
}

}  // namespace sextant::task
