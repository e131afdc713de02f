#pragma once

/// The filter of T gradient steps, shared by finite sizes and limits.

#include <cstdint>

#include "sextant/studies/linear/several_steps.hpp"

namespace sextant::studies::linear {

/// 1 - (1 - x)^steps for x >= 0, accurate for small x.
double step_filter(double x, std::int64_t steps);

/// `FilterMoments` for k/d = ratio, d to infinity, with rho = scaled_rho/d.
FilterMoments limiting_filter(double ratio, std::int64_t steps, double scaled_rho);

}  // namespace sextant::studies::linear
