#pragma once

/// Whether an update does to first order what its linear model says.

#include <Eigen/Core>
#include <functional>

namespace sextant::test {

/// Changes of predictions from the base model's: the real update's, and the linear model's.
struct Changes {
  Eigen::VectorXd real;
  Eigen::VectorXd linear;
};

/// |real - linear| / |linear| of updates whose size goes to 0. That share is a constant plus terms
/// of first and second order in the size; sizes s and s/2 leave the constant and the second order.
/// The constant is 0 for the right update, 1 for none, 2 for one of the wrong sign and |c - 1| for
/// one that is c times too long.
inline double first_order_error(const std::function<Changes(double)>& update, double size) {
  const auto share = [&](double s) {
    const Changes changes = update(s);
    return Eigen::VectorXd((changes.real - changes.linear) / changes.linear.norm());
  };
  return (2 * share(size / 2) - share(size)).norm();
}

/// A 500th of the effect. The second order of the tests' updates and float rounding come to less
/// than half of it; an update that is 1% too long to five times as much.
inline constexpr double first_order_tolerance = 2e-3;

}  // namespace sextant::test
