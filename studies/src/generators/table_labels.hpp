#pragma once

/// Parts of the prior over tables: random functions from inputs to scores, and scores to classes.

#include <Eigen/Core>
#include <vector>

#include "sextant/core/random.hpp"

namespace sextant::studies::generators {

/// exp of a uniform number between the logarithms.
double log_uniform(Random& random, double low, double high);
/// Subtracts each column's mean and divides by its deviation; constant columns become 0.
void standardize(Eigen::MatrixXd& columns);

/// The values of all units of a random network, layer after layer [N, units]; inputs [N, D].
Eigen::MatrixXd random_network(const Eigen::MatrixXd& inputs, Random& random);
/// `count` functions drawn from a Gaussian process with a squared exponential kernel whose length
/// scales differ between inputs, by random Fourier features [N, count].
Eigen::MatrixXd gaussian_process(const Eigen::MatrixXd& inputs, int count, Random& random);

/// Leaves of a random tree with axis-aligned splits at values of rows, classes at random.
std::vector<int> tree_labels(const Eigen::MatrixXd& inputs, int classes, Random& random);
/// The largest of `classes` scores [N, classes] with a random offset each.
std::vector<int> largest_score(Eigen::MatrixXd scores, Random& random);
/// Cuts one score into `classes` intervals of random shares, in random order of classes.
std::vector<int> cut_score(const Eigen::VectorXd& score, int classes, Random& random);

}  // namespace sextant::studies::generators
