#include "sextant/report/sketch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "sextant/core/errors.hpp"

namespace sextant::report {
namespace {

constexpr std::array<std::string_view, 8> bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view evidence_label = "evidence   ";
constexpr std::string_view posterior_label = "posterior  ";

/// At most `room` indices, evenly spaced, with both ends and `keep` among them.
std::vector<std::size_t> thin(std::size_t count, std::size_t room, std::size_t keep) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < std::min(count, room); ++i) {
    indices.push_back(count <= room ? i : i * (count - 1) / (room - 1));
  }
  const auto nearest =
      std::min_element(indices.begin(), indices.end(), [&](std::size_t a, std::size_t b) {
        return std::max(a, keep) - std::min(a, keep) < std::max(b, keep) - std::min(b, keep);
      });
  *nearest = keep;
  return indices;
}

std::vector<double> pick(std::span<const double> values, const std::vector<std::size_t>& indices) {
  std::vector<double> result;
  result.reserve(indices.size());
  for (const std::size_t i : indices) result.push_back(values[i]);
  return result;
}

/// The first and last horizon under the ends of the curve, and "^ T" under the optimum.
std::string axis(double first, double last, double t_map, std::size_t position, std::size_t size) {
  const std::string left = format_number(first);
  const std::string right = format_number(last);
  const std::string mark = format_number(t_map);
  std::string line(size + mark.size() + right.size() + 4, ' ');
  const auto write = [&](std::size_t at, const std::string& text) {
    line.replace(at, text.size(), text);
  };
  // A label that would touch the mark gives way: the optimum is what the reader looks for.
  if (position > left.size()) write(0, left);
  const std::size_t mark_end = position + 2 + mark.size();
  const std::size_t right_begin = size >= right.size() ? size - right.size() : 0;
  write(position, "^ " + mark);
  if (mark_end < right_begin) write(right_begin, right);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string sparkline(std::span<const double> values) {
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  std::string result;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      result += ' ';
    } else {
      const double share = high > low ? (value - low) / (high - low) : 0.0;
      result += bars[std::clamp<int>(static_cast<int>(std::lround(share * 7)), 0, 7)];
    }
  }
  return result;
}

std::string evidence_sketch(std::span<const double> horizons, std::span<const double> evidence,
                            std::span<const double> posterior, double t_map,
                            const TerminalStyle& style) {
  check_size("report::evidence_sketch", "evidence", evidence.size(), horizons.size());
  if (!posterior.empty()) {
    check_size("report::evidence_sketch", "posterior", posterior.size(), horizons.size());
  }
  if (horizons.empty()) return {};
  const auto nearest = std::min_element(horizons.begin(), horizons.end(), [&](double a, double b) {
    return std::abs(a - t_map) < std::abs(b - t_map);
  });
  // Room for the mark of an optimum at the right end.
  const int labels = display_width(evidence_label) + 2 + display_width(format_number(t_map));
  const auto indices =
      thin(horizons.size(), static_cast<std::size_t>(std::max(2, style.width - labels)),
           static_cast<std::size_t>(nearest - horizons.begin()));
  const auto position =
      static_cast<std::size_t>(std::find(indices.begin(), indices.end(),
                                         static_cast<std::size_t>(nearest - horizons.begin())) -
                               indices.begin());
  std::string out = std::string(evidence_label) + sparkline(pick(evidence, indices)) + '\n';
  if (!posterior.empty()) {
    out += std::string(posterior_label) + sparkline(pick(posterior, indices)) + '\n';
  }
  out += std::string(evidence_label.size(), ' ') +
         axis(horizons.front(), horizons.back(), t_map, position, indices.size()) + '\n';
  return out;
}

}  // namespace sextant::report
