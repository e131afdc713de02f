#include "table_labels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "sextant/core/random_matrix.hpp"

namespace sextant::studies::generators {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// One of a few shapes, applied to all entries.
void bend(MatrixXd& values, Random& random) {
  switch (random.below(5)) {
    case 0:
      values = values.array().tanh();
      break;
    case 1:
      values = values.array().max(0);
      break;
    case 2:
      values = (std::numbers::pi / 2 * values.array()).sin();
      break;
    case 3:
      values = values.array().abs();
      break;
    default:
      values = values.unaryExpr([](double x) { return x > 0 ? 1.0 : -1.0; }) + 0.5 * values;
  }
}

std::vector<int> shuffled_classes(int classes, Random& random) {
  std::vector<int> order(static_cast<std::size_t>(classes));
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  return order;
}

/// Splits rows[begin, end) until `depth` is used up or few rows are left.
void grow(const MatrixXd& inputs, std::vector<int>& rows, std::size_t begin, std::size_t end,
          int depth, int classes, Random& random, std::vector<int>& labels) {
  const std::size_t count = end - begin;
  if (depth == 0 || count < 4) {
    const int label = static_cast<int>(random.below(static_cast<std::uint64_t>(classes)));
    for (std::size_t i = begin; i < end; ++i) labels[static_cast<std::size_t>(rows[i])] = label;
    return;
  }
  const auto column = static_cast<Index>(random.below(static_cast<std::uint64_t>(inputs.cols())));
  const auto share = 0.2 + 0.6 * random.uniform();
  const auto middle = begin + static_cast<std::size_t>(share * static_cast<double>(count));
  const auto at = [&](std::size_t i) { return rows.begin() + static_cast<std::ptrdiff_t>(i); };
  std::nth_element(at(begin), at(middle), at(end),
                   [&](int a, int b) { return inputs(a, column) < inputs(b, column); });
  const double threshold = inputs(rows[middle], column);
  const auto split =
      std::partition(at(begin), at(end), [&](int r) { return inputs(r, column) < threshold; });
  const auto cut = static_cast<std::size_t>(split - rows.begin());
  grow(inputs, rows, begin, cut, depth - 1, classes, random, labels);
  grow(inputs, rows, cut, end, depth - 1, classes, random, labels);
}

}  // namespace

double log_uniform(Random& random, double low, double high) {
  return low * std::exp(random.uniform() * std::log(high / low));
}

void standardize(MatrixXd& columns) {
  for (Index c = 0; c < columns.cols(); ++c) {
    auto column = columns.col(c).array();
    column -= column.mean();
    const double deviation = std::sqrt(column.square().mean());
    if (deviation > 1e-12) {
      column /= deviation;
    } else {
      column = 0;
    }
  }
}

MatrixXd random_network(const MatrixXd& inputs, Random& random) {
  const auto layers = 1 + static_cast<Index>(random.below(3));
  const auto width = static_cast<Index>(log_uniform(random, 6, 32));
  const double dropped = random.uniform() < 0.5 ? 0.6 * random.uniform() : 0;
  const double noise = random.uniform() < 0.5 ? log_uniform(random, 0.01, 0.3) : 0;
  MatrixXd units(inputs.rows(), 0);
  MatrixXd x = inputs;
  for (Index layer = 0; layer < layers; ++layer) {
    MatrixXd weights = normal_matrix(x.cols(), width, random);
    for (double& w : weights.reshaped()) {
      if (random.uniform() < dropped) w = 0;
    }
    MatrixXd next = x * weights;
    standardize(next);
    next.rowwise() += 0.5 * normal_matrix(1, width, random).row(0);
    next *= log_uniform(random, 0.5, 3);
    bend(next, random);
    standardize(next);
    if (noise > 0) next += noise * normal_matrix(next.rows(), next.cols(), random);
    MatrixXd all(units.rows(), units.cols() + width);
    all << units, next;
    units = std::move(all);
    x = std::move(next);
  }
  return units;
}

MatrixXd gaussian_process(const MatrixXd& inputs, int count, Random& random) {
  constexpr Index frequencies = 64;
  const double scale = log_uniform(random, 0.3, 3) / std::sqrt(static_cast<double>(inputs.cols()));
  VectorXd of_input(inputs.cols());
  for (double& s : of_input) s = scale * log_uniform(random, 0.2, 2);
  MatrixXd phases =
      inputs * (of_input.asDiagonal() * normal_matrix(inputs.cols(), frequencies, random));
  for (Index f = 0; f < frequencies; ++f) {
    phases.col(f).array() += 2 * std::numbers::pi * random.uniform();
  }
  return phases.array().cos().matrix() * normal_matrix(frequencies, count, random) /
         std::sqrt(frequencies / 2.0);
}

std::vector<int> tree_labels(const MatrixXd& inputs, int classes, Random& random) {
  std::vector<int> rows(static_cast<std::size_t>(inputs.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<int> labels(rows.size());
  const int least = classes > 4 ? 3 : classes > 2 ? 2 : 1;
  const int depth = least + static_cast<int>(random.below(4));
  grow(inputs, rows, 0, rows.size(), depth, classes, random, labels);
  return labels;
}

std::vector<int> largest_score(MatrixXd scores, Random& random) {
  standardize(scores);
  const MatrixXd offsets = normal_matrix(1, scores.cols(), random);
  scores.rowwise() += random.uniform() * offsets.row(0);
  std::vector<int> labels;
  for (Index r = 0; r < scores.rows(); ++r) {
    Index best = 0;
    scores.row(r).maxCoeff(&best);
    labels.push_back(static_cast<int>(best));
  }
  return labels;
}

std::vector<int> cut_score(const VectorXd& score, int classes, Random& random) {
  const auto n = static_cast<std::size_t>(score.size());
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return score(a) != score(b) ? score(a) < score(b) : a < b; });
  std::vector<double> ends(static_cast<std::size_t>(classes));
  double sum = 0;
  for (double& end : ends) end = sum += log_uniform(random, 0.3, 1.0);
  const std::vector<int> names = shuffled_classes(classes, random);
  std::vector<int> labels(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double u = (static_cast<double>(i) + 0.5) / static_cast<double>(n) * sum;
    const auto place = std::upper_bound(ends.begin(), ends.end() - 1, u) - ends.begin();
    labels[static_cast<std::size_t>(order[i])] = names[static_cast<std::size_t>(place)];
  }
  return labels;
}

}  // namespace sextant::studies::generators
