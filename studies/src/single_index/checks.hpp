#pragma once

#include <fmt/format.h>

#include <Eigen/Core>
#include <cstdint>
#include <string_view>

#include "sextant/core/errors.hpp"
#include "sextant/studies/generators/single_index.hpp"
#include "sextant/studies/statistics/check_count.hpp"

namespace sextant::studies::single_index {

inline void check_same(std::string_view function, std::string_view argument, Eigen::Index actual,
                       Eigen::Index expected) {
  check_size(function, argument, static_cast<std::size_t>(actual),
             static_cast<std::size_t>(expected));
}

inline void check_vector(std::string_view function, std::string_view argument,
                         const Eigen::Ref<const Eigen::VectorXd>& values) {
  check_finite(function, argument,
               std::span<const double>(values.data(), static_cast<std::size_t>(values.size())));
}

/// One label per input of `dimension` coordinates, at least `least` of them, all finite.
inline void check_samples(std::string_view function, std::string_view argument,
                          const generators::LabelledInputs& samples, Eigen::Index dimension,
                          Eigen::Index least) {
  if (samples.x.rows() != dimension || samples.x.cols() != samples.y.size()) {
    throw ArgumentError(
        function, argument,
        fmt::format("holds inputs of shape {} x {} with {} labels, expected {} "
                    "coordinates and a label for each input",
                    samples.x.rows(), samples.x.cols(), samples.y.size(), dimension));
  }
  if (samples.size() < least) {
    throw ArgumentError(
        function, argument,
        fmt::format("holds {} samples, expected at least {}", samples.size(), least));
  }
  if (!samples.x.allFinite() || !samples.y.allFinite()) {
    throw ArgumentError(function, argument, "has a number that is not finite");
  }
}

}  // namespace sextant::studies::single_index
