#pragma once

#include <fmt/format.h>

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "sextant/core/errors.hpp"
#include "sextant/studies/linear/setting.hpp"
#include "sextant/studies/statistics/check_count.hpp"

namespace sextant::studies::linear {

inline void check_sizes(std::string_view function, std::int64_t n, std::int64_t k, std::int64_t d) {
  check_count(function, "n", n, 1, largest_count);
  check_count(function, "k", k, 1, largest_count);
  check_count(function, "d", d, 1, largest_dimension);
}

inline void check(std::string_view function, const Isotropic& setting) {
  check_sizes(function, setting.n, setting.k, setting.d);
  check_not_negative(function, "b2", setting.b2);
  check_not_negative(function, "sigma2", setting.sigma2);
}

/// Finite and at least 0, the first offending index named.
inline void check_variances(std::string_view function, std::string_view argument,
                            const Eigen::Ref<const Eigen::VectorXd>& variances) {
  for (Eigen::Index i = 0; i < variances.size(); ++i) {
    if (!std::isfinite(variances[i]) || variances[i] < 0) {
      throw ArgumentError(
          function, argument,
          fmt::format("[{}] is {}, expected a variance of at least 0", i, variances[i]));
    }
  }
}

inline void check_length(std::string_view function, std::string_view argument,
                         const Eigen::Ref<const Eigen::VectorXd>& values, Eigen::Index d) {
  check_size(function, argument, static_cast<std::size_t>(values.size()),
             static_cast<std::size_t>(d));
  check_finite(function, argument,
               std::span<const double>(values.data(), static_cast<std::size_t>(values.size())));
}

inline void check(std::string_view function, const Diagonal& setting) {
  const Eigen::Index d = setting.input_variances.size();
  check_sizes(function, setting.n, setting.k, d);
  check_variances(function, "input_variances", setting.input_variances);
  check_length(function, "beta", setting.beta, d);
  check_not_negative(function, "sigma2", setting.sigma2);
}

}  // namespace sextant::studies::linear
