#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/report/chart.hpp"
#include "sextant/report/chart_parts.hpp"

namespace sextant::report {
namespace {

/// A logarithmic axis with a place for zeros at its foot.
struct EigenvalueAxis {
  double zero = 0;  ///< Eigenvalues up to n eps lambda_max cannot be told from 0.
  double foot = 0;  ///< Power of ten where the axis begins; zeros are drawn here.
  double largest = 0;
  bool any_zero = false;
  bool any_positive = false;
};

EigenvalueAxis eigenvalue_axis(std::span<const double> eigenvalues) {
  EigenvalueAxis axis;
  for (const double value : eigenvalues) axis.largest = std::max(axis.largest, value);
  axis.zero = static_cast<double>(eigenvalues.size()) * std::numeric_limits<double>::epsilon() *
              axis.largest;
  double smallest = axis.largest;
  for (const double value : eigenvalues) {
    if (value > axis.zero) {
      smallest = std::min(smallest, value);
      axis.any_positive = true;
    } else {
      axis.any_zero = true;
    }
  }
  // Zeros stand a decade below the smallest eigenvalue.
  if (axis.any_positive) {
    axis.foot = std::pow(10, std::floor(std::log10(smallest)) - (axis.any_zero ? 1 : 0));
  }
  return axis;
}

/// Powers of ten from `low` to `high`, at most about six of them.
std::vector<double> powers_of_ten(double low, double high) {
  const int first = static_cast<int>(std::lround(std::log10(low)));
  const int last = static_cast<int>(std::floor(std::log10(high)));
  const int stride = std::max(1, (last - first + 5) / 6);
  std::vector<double> values;
  for (int power = first; power <= last; power += stride) values.push_back(std::pow(10, power));
  return values;
}

Table eigenvalue_table(std::span<const double> eigenvalues, const EigenvalueAxis& axis) {
  std::vector<double> mode;
  std::vector<double> drawn;
  std::vector<std::string> state;
  for (std::size_t i = 0; i < eigenvalues.size(); ++i) {
    const bool positive = eigenvalues[i] > axis.zero;
    mode.push_back(static_cast<double>(i + 1));
    drawn.push_back(positive ? eigenvalues[i] : axis.foot);
    state.emplace_back(positive ? "positive" : "zero");
  }
  Table table;
  table.numbers("mode", mode).numbers("eigenvalue", as_vector(eigenvalues));
  return table.numbers("drawn_at", drawn).text("state", state);
}

Panel eigenvalue_panel(std::span<const double> eigenvalues) {
  const EigenvalueAxis axis = eigenvalue_axis(eigenvalues);
  Panel panel{specification("Eigenvalues of the kernel in descending order", 170),
              eigenvalue_table(eigenvalues, axis)};
  OrderedJson y = aligned_y("drawn_at", "eigenvalue");
  if (axis.any_positive) {
    y["scale"] = {{"type", "log"}, {"nice", false}, {"domain", {axis.foot, 1.5 * axis.largest}}};
    y["axis"]["values"] = powers_of_ten(axis.foot, axis.largest);
    y["axis"]["labelExpr"] = fmt::format("datum.value < {} ? '0' : format(datum.value, '.0e')",
                                         axis.any_zero ? 2 * axis.foot : 0.0);
  }
  OrderedJson shape = {
      {"field", "state"},
      {"type", "nominal"},
      {"scale", {{"domain", {"positive", "zero"}}, {"range", {"circle", "triangle-down"}}}}};
  shape["legend"] = nullptr;
  if (axis.any_zero && axis.any_positive) {
    shape["legend"] = {{"symbolStrokeColor", colour::blue}, {"symbolFillColor", "transparent"}};
  }
  panel.specification["mark"] = {{"type", "point"},    {"filled", false}, {"size", 45},
                                 {"strokeWidth", 1.8}, {"opacity", 1},    {"color", colour::blue}};
  panel.specification["encoding"] = {
      {"x", whole_numbers("mode", "", 0.5, static_cast<double>(eigenvalues.size()) + 0.5)},
      {"y", y},
      {"shape", shape},
      {"tooltip", {quantity("mode", "mode"), quantity("eigenvalue", "eigenvalue")}}};
  return panel;
}

Panel filter_panel(std::size_t modes, const std::vector<NamedFilter>& filters) {
  std::vector<double> mode;
  std::vector<std::string> name;
  std::vector<double> kept;
  OrderedJson names = OrderedJson::array();
  for (const auto& filter : filters) {
    names.push_back(filter.name);
    for (std::size_t i = 0; i < modes; ++i) {
      mode.push_back(static_cast<double>(i + 1));
      name.push_back(filter.name);
      kept.push_back(filter.values[i]);
    }
  }
  Panel panel{specification("What each filter learns of each mode", 150), {}};
  panel.data.numbers("mode", mode).text("filter", name).numbers("kept", kept);
  OrderedJson y = aligned_y("kept", "share learned");
  y["scale"] = {{"domain", {0, 1}}};
  const auto by_filter = [&](OrderedJson range) {
    return OrderedJson{{"field", "filter"},
                       {"type", "nominal"},
                       {"scale", {{"domain", names}, {"range", std::move(range)}}},
                       {"legend", solid_symbols()}};
  };
  OrderedJson mark = {{"type", "line"}, {"strokeWidth", 2}, {"tooltip", true}};
  if (modes <= most_points) mark["point"] = {{"size", 34}};
  panel.specification["mark"] = mark;
  panel.specification["encoding"] = {
      {"x", whole_numbers("mode", "mode (largest eigenvalue first)", 0.5,
                          static_cast<double>(modes) + 0.5)},
      {"y", y},
      {"color", by_filter({colour::vermilion, colour::blue, colour::ink, colour::grey})},
      {"strokeDash", by_filter({{1, 0}, {6, 4}, {2, 3}, {8, 3, 2, 3}})},
      {"shape", by_filter({"circle", "square", "diamond", "triangle-up"})}};
  return panel;
}

}  // namespace

Figure spectrum_figure(std::span<const double> eigenvalues,
                       const std::vector<NamedFilter>& filters) {
  for (const auto& filter : filters) {
    check_size("report::spectrum_figure", filter.name, filter.values.size(), eigenvalues.size());
  }
  Figure figure{"Which modes the update learns",
                "Above, the eigenvalues of the kernel; below, the share of the "
                "residual that each filter takes out along each mode. Modes with large eigenvalues "
                "are learned first. Where gradient descent lies above the Bayes filter it follows "
                "the labels more closely than their noise warrants, where it lies below it stops "
                "short of what they support.",
                "spectrum",
                {}};
  if (eigenvalues.empty()) return figure;
  figure.panels.push_back(eigenvalue_panel(eigenvalues));
  if (!filters.empty()) figure.panels.push_back(filter_panel(eigenvalues.size(), filters));
  return figure;
}

}  // namespace sextant::report
