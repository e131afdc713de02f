#pragma once

/// Pieces that the charts share.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "sextant/report/table.hpp"

namespace sextant::report {

/// Okabe and Ito's colours, told apart by readers with any common colour vision.
namespace colour {
inline constexpr std::string_view ink = "#1b1f24";
inline constexpr std::string_view grey = "#767f89";
inline constexpr std::string_view pale = "#c3cad2";
inline constexpr std::string_view blue = "#0072b2";
inline constexpr std::string_view vermilion = "#d55e00";
}  // namespace colour

/// Beyond so many points, a line has no point marks.
inline constexpr std::size_t most_points = 120;

/// Schema, description and the page's width; the chart adds height and marks.
OrderedJson specification(std::string_view description, int height);

/// A quantitative channel; `axis` may be null for the defaults.
OrderedJson quantity(std::string_view field, std::string_view title);

/// A quantitative x axis over a fixed range with whole-number ticks.
OrderedJson whole_numbers(std::string_view field, std::string_view title, double low, double high);

/// A y axis whose labels take a fixed room, so that stacked panels line up.
OrderedJson aligned_y(std::string_view field, std::string_view title);

/// {"filter": expression}, in a list.
OrderedJson filtered(std::string_view expression);

/// A legend of filled symbols without outline, which would take the dashes of their lines.
OrderedJson solid_symbols();

/// The range of an x axis around [low, high] that keeps marks off the frame.
std::pair<double, double> padded(double low, double high);

}  // namespace sextant::report
