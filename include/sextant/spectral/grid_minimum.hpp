#pragma once

/// One-dimensional minimisation of functions that may have several minima.

#include <functional>

namespace sextant::spectral {

/// A minimum on [low, high] and what was seen on the way.
struct GridMinimum {
  double argument = 0;
  double value = 0;
  bool at_lower_edge = false;  ///< The minimiser is `low` itself: it may lie further down.
  bool at_upper_edge = false;  ///< The minimiser is `high` itself.
  int local_minima = 0;        ///< Local minima on the grid; a flat stretch counts once.
};

/// Minimises `f` on [low, high], 0 < low <= high: a grid of `points` >= 2 arguments equally spaced
/// in the logarithm, then Brent's method in the logarithm around every local minimum of the grid,
/// the best kept (of equal ones the smallest argument). The argument is accurate to about 1e-8
/// relative, as for any minimum located from function values. `f` must not return NaN.
/// Throws `ArgumentError` for a bad range. Deterministic; about `points` + 40 calls per local
/// minimum.
GridMinimum minimise_on_log_grid(const std::function<double(double)>& f, double low, double high,
                                 int points);

/// Number of points that puts `per_decade` of them on every factor of ten of [low, high].
int log_grid_points(double low, double high, double per_decade);

}  // namespace sextant::spectral
