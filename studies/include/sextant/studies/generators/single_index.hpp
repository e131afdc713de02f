#pragma once

/// Single-index tasks with a direction in a hidden subspace (Kuwataka and Suzuki,
/// arXiv:2509.25741): inputs x ~ N(0, I_d) and labels y = link_c(<beta, x>) + noise, where beta is
/// uniform on the unit sphere of an r-dimensional subspace S that all tasks share, and c ~
/// U(-link_spread, link_spread).
///
/// He2, He3, He4 are the probabilists' Hermite polynomials. Errors: `ArgumentError` for sizes and
/// numbers out of range. Everything is deterministic by the state of `random`.

#include <Eigen/Core>
#include <string_view>

#include "sextant/core/random.hpp"

namespace sextant::studies::generators {

/// How a label depends on z = <beta, x> and the task's c.
enum class LinkFamily {
  cubic,      ///< He3(z)/sqrt(6) + c He4(z)/sqrt(24): variance 1 + c^2, information exponent 3.
  even,       ///< He2(z)/sqrt(2) + c He4(z)/sqrt(24)
  steep,      ///< He3(z)/sqrt(6) + 3 c He4(z)/sqrt(24)
  saturating  ///< tanh(2 z) + c (z^2 - 1)
};
/// "cubic", "even", "steep", "saturating".
std::string_view name_of(LinkFamily link);
/// The label without noise.
double link_value(LinkFamily link, double c, double z);

struct SingleIndexFamily {
  Eigen::Index dimension = 32;  ///< d, 1 to `largest_single_index_dimension`.
  Eigen::Index rank = 4;        ///< r, 1 to d.
  LinkFamily link = LinkFamily::cubic;
  double link_spread = 0.5;  ///< cmax, at least 0.
  double sigma2 = 0.01;      ///< Variance of the labels' noise, at least 0.
};

/// A dense d x d matrix is kept for each model.
inline constexpr Eigen::Index largest_single_index_dimension = 4096;

/// Throws `ArgumentError` in the name of `function` for a family out of range.
void check_family(std::string_view function, const SingleIndexFamily& family);

struct SingleIndexTask {
  Eigen::VectorXd beta;  ///< [d], |beta| = 1.
  double c = 0;
  LinkFamily link = LinkFamily::cubic;
  double sigma2 = 0;

  double signal(double z) const { return link_value(link, c, z); }
};

/// Labelled samples of one task, an input in each column.
struct LabelledInputs {
  Eigen::MatrixXd x;  ///< [d, n]
  Eigen::VectorXd y;  ///< [n]

  Eigen::Index size() const { return y.size(); }
  /// Samples first, ..., first + count - 1.
  LabelledInputs part(Eigen::Index first, Eigen::Index count) const;
};

/// An orthonormal basis [d, r] of a uniformly distributed subspace. O(d r^2).
Eigen::MatrixXd draw_subspace(const SingleIndexFamily& family, Random& random);

/// A task with its direction in the span of `subspace` [d, r], whose columns are orthonormal.
SingleIndexTask draw_single_index_task(const SingleIndexFamily& family,
                                       const Eigen::Ref<const Eigen::MatrixXd>& subspace,
                                       Random& random);

/// `count` >= 1 labelled samples of the task. O(d count).
LabelledInputs draw_labelled_inputs(const SingleIndexTask& task, Eigen::Index count,
                                    Random& random);

}  // namespace sextant::studies::generators
