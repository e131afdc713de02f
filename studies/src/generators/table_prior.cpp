#include "sextant/studies/generators/table_prior.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "table_labels.hpp"

namespace sextant::studies::generators {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

bool happens(Random& random, double probability) { return random.uniform() < probability; }

int below(Random& random, int bound) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
}

/// Independent inputs, or such that are mixed from a few hidden ones.
MatrixXd draw_inputs(Index rows, Index columns, Random& random) {
  MatrixXd inputs = normal_matrix(rows, columns, random);
  if (happens(random, 0.2)) inputs = inputs.unaryExpr([](double x) { return std::erf(x / 1.414); });
  if (columns > 1 && happens(random, 0.6)) {
    const auto hidden = 1 + below(random, static_cast<int>(columns));
    const double own = log_uniform(random, 0.05, 1);
    const MatrixXd mixing = normal_matrix(hidden, columns, random);
    inputs = normal_matrix(rows, hidden, random) * mixing / std::sqrt(static_cast<double>(hidden)) +
             own * inputs;
  }
  standardize(inputs);
  return inputs;
}

/// Some columns skewed, heavy-tailed, or reduced to a few levels.
void warp_columns(MatrixXd& columns, Random& random) {
  const double share = random.uniform();
  const double levels_share = happens(random, 0.5) ? random.uniform() : 0;
  for (Index c = 0; c < columns.cols(); ++c) {
    auto column = columns.col(c).array();
    if (happens(random, share)) {
      const double power = log_uniform(random, 0.4, 2.5);
      if (happens(random, 0.4)) {
        column = (log_uniform(random, 0.3, 1.2) * column).exp();
      } else {
        column = column.sign() * column.abs().pow(power);
      }
    }
    if (!happens(random, levels_share)) continue;
    const int levels = 2 + below(random, 9);
    std::vector<int> names(static_cast<std::size_t>(levels));
    std::iota(names.begin(), names.end(), 0);
    if (happens(random, 0.4)) random.shuffle(names);  // codes of categories without an order
    const double low = column.minCoeff();
    const double width = (column.maxCoeff() - low) / levels + 1e-12;
    column = column.unaryExpr([&](double x) {
      const auto level = std::clamp(static_cast<int>((x - low) / width), 0, levels - 1);
      return static_cast<double>(names[static_cast<std::size_t>(level)]);
    });
  }
}

/// Some columns of `from` in random order.
MatrixXd pick_columns(const MatrixXd& from, Index count, Random& random) {
  std::vector<int> order(static_cast<std::size_t>(from.cols()));
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  MatrixXd picked(from.rows(), count);
  for (Index c = 0; c < count; ++c) {
    picked.col(c) = from.col(order[static_cast<std::size_t>(c % from.cols())]);
  }
  return picked;
}

/// Classes from scores [N, S]: of one score by cutting it, of several by taking the largest.
std::vector<int> classify(const MatrixXd& scores, int classes, Random& random) {
  MatrixXd noisy = scores;
  standardize(noisy);
  const double noise = happens(random, 0.6) ? log_uniform(random, 0.02, 1) : 0;
  noisy += noise * normal_matrix(noisy.rows(), noisy.cols(), random);
  return noisy.cols() == 1 ? cut_score(noisy.col(0), classes, random)
                           : largest_score(std::move(noisy), random);
}

/// The inputs that matter: all of them in every other table.
MatrixXd relevant_columns(const MatrixXd& columns, Random& random) {
  if (happens(random, 0.5)) return columns;
  return pick_columns(columns, 1 + below(random, static_cast<int>(columns.cols())), random);
}

void draw_clusters(Index features, SyntheticTable& table, Index rows, Random& random) {
  const int each = 1 + below(random, 3);
  const auto clusters = Index{table.classes} * each;
  const double spread = log_uniform(random, 0.5, 4) / std::sqrt(static_cast<double>(features));
  MatrixXd centers = spread * normal_matrix(clusters, features, random);
  if (happens(random, 0.5)) {  // most columns alike in all clusters
    const double kept = random.uniform();
    for (Index c = 0; c < features; ++c) {
      if (!happens(random, kept)) centers.col(c).setZero();
    }
  }
  MatrixXd scales(clusters, features);
  for (double& s : scales.reshaped()) s = log_uniform(random, 0.5, 2);
  table.columns = draw_inputs(rows, features, random);
  for (Index r = 0; r < rows; ++r) {
    const int cluster = below(random, static_cast<int>(clusters));
    table.columns.row(r) =
        centers.row(cluster) + table.columns.row(r).cwiseProduct(scales.row(cluster));
    table.labels.push_back(cluster % table.classes);
  }
}

void draw_causal(Index features, SyntheticTable& table, Index rows, Random& random) {
  const MatrixXd causes = draw_inputs(rows, 1 + below(random, 12), random);
  const MatrixXd units = random_network(causes, random);
  MatrixXd all(rows, causes.cols() + units.cols());
  all << causes, units;
  table.columns = pick_columns(all, features, random);
  const MatrixXd noise = normal_matrix(rows, features, random);
  table.columns += log_uniform(random, 0.01, 0.5) * noise;
  const Index scores = happens(random, 0.6) ? 1 : table.classes;
  table.labels = classify(pick_columns(units, scores, random), table.classes, random);
}

void draw_by_function(Index features, SyntheticTable& table, Index rows, Random& random) {
  table.columns = draw_inputs(rows, features, random);
  const bool warp_first = happens(random, 0.5);
  if (warp_first) warp_columns(table.columns, random);
  MatrixXd inputs = relevant_columns(table.columns, random);
  standardize(inputs);
  const int scores = happens(random, 0.4) ? 1 : table.classes;
  switch (table.generator) {
    case Generator::linear:
      table.labels =
          classify(inputs * normal_matrix(inputs.cols(), scores, random), table.classes, random);
      break;
    case Generator::network: {
      const MatrixXd units = random_network(inputs, random);
      table.labels =
          classify(units * normal_matrix(units.cols(), scores, random), table.classes, random);
      break;
    }
    case Generator::gaussian:
      table.labels = classify(gaussian_process(inputs, scores, random), table.classes, random);
      break;
    default:
      table.labels = tree_labels(inputs, table.classes, random);
  }
  if (!warp_first) warp_columns(table.columns, random);
}

void flip_labels(SyntheticTable& table, Random& random) {
  if (happens(random, 0.5)) return;
  table.flipped = 0.4 * random.uniform();
  table.flipped *= random.uniform();
  for (int& label : table.labels) {
    if (happens(random, table.flipped)) label = below(random, table.classes);
  }
}

void remove_cells(MatrixXd& columns, Random& random) {
  if (!happens(random, 1.0 / 6)) return;
  const double share = 0.3 * random.uniform();
  for (double& cell : columns.reshaped()) {
    if (happens(random, share)) cell = std::numeric_limits<double>::quiet_NaN();
  }
}

/// Renumbers the classes that occur, in random order. Returns whether the context has two.
bool renumber(SyntheticTable& table, Random& random) {
  const std::set<int> used(table.labels.begin(), table.labels.end());
  std::vector<int> numbers(used.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  random.shuffle(numbers);
  for (int& label : table.labels) {
    const auto place = std::distance(used.begin(), used.find(label));
    label = numbers[static_cast<std::size_t>(place)];
  }
  table.classes = static_cast<int>(used.size());
  const auto end = table.labels.begin() + table.context;
  return std::any_of(table.labels.begin(), end,
                     [&](int label) { return label != table.labels.front(); });
}

void check(const TablePrior& prior) {
  const auto require = [](bool good, std::string_view name, std::string_view expectation) {
    if (!good) throw ArgumentError("draw_table", name, expectation);
  };
  require(prior.most_features >= 2, "prior.most_features", "is below 2");
  require(prior.most_classes >= 2, "prior.most_classes", "is below 2");
  require(prior.fewest_context >= 2, "prior.fewest_context", "is below 2");
  require(prior.most_context >= prior.fewest_context, "prior.most_context", "is below the fewest");
  require(prior.queries >= 1, "prior.queries", "is below 1");
}

}  // namespace

std::string_view name_of(Generator generator) {
  switch (generator) {
    case Generator::linear:
      return "linear";
    case Generator::network:
      return "network";
    case Generator::causal:
      return "causal";
    case Generator::tree:
      return "tree";
    case Generator::gaussian:
      return "gaussian process";
    case Generator::clusters:
      return "clusters";
  }
  return {};
}

SyntheticTable draw_table(const TablePrior& prior, Random& random) {
  check(prior);
  for (;;) {
    SyntheticTable table;
    table.context =
        static_cast<int>(log_uniform(random, prior.fewest_context, prior.most_context + 0.999));
    const Index rows = table.context + prior.queries;
    const auto features = static_cast<Index>(log_uniform(random, 2, prior.most_features + 0.999));
    table.classes = happens(random, 0.5) ? 2 : 2 + below(random, prior.most_classes - 1);
    table.generator = generators[below(random, static_cast<int>(std::size(generators)))];
    if (table.generator == Generator::clusters) {
      draw_clusters(features, table, rows, random);
      warp_columns(table.columns, random);
    } else if (table.generator == Generator::causal) {
      draw_causal(features, table, rows, random);
      warp_columns(table.columns, random);
    } else {
      draw_by_function(features, table, rows, random);
    }
    flip_labels(table, random);
    remove_cells(table.columns, random);
    if (renumber(table, random)) return table;
  }
}

}  // namespace sextant::studies::generators
