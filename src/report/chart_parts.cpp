#include "sextant/report/chart_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/report/chart.hpp"

namespace sextant::report {

std::string panel_name(const Figure& figure, std::size_t index) {
  return figure.panels.size() == 1 ? figure.name : fmt::format("{}-{}", figure.name, index + 1);
}

OrderedJson specification(std::string_view description, int height) {
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v4.17.0.json"},
          {"description", description},
          {"width", "container"},
          {"height", height},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}}};
}

OrderedJson quantity(std::string_view field, std::string_view title) {
  return {{"field", field}, {"type", "quantitative"}, {"title", title}};
}

OrderedJson whole_numbers(std::string_view field, std::string_view title, double low, double high) {
  OrderedJson channel = quantity(field, title);
  channel["scale"] = {{"domain", {low, high}}, {"nice", false}, {"zero", false}, {"padding", 0}};
  channel["axis"] = {{"tickMinStep", 1}, {"format", "d"}, {"grid", false}};
  return channel;
}

OrderedJson aligned_y(std::string_view field, std::string_view title) {
  OrderedJson channel = quantity(field, title);
  channel["axis"] = {{"minExtent", 48}, {"maxExtent", 48}, {"tickCount", 5}, {"format", "~g"}};
  return channel;
}

OrderedJson filtered(std::string_view expression) {
  return OrderedJson::array({{{"filter", expression}}});
}

OrderedJson solid_symbols() { return {{"symbolStrokeWidth", 0}}; }

std::pair<double, double> padded(double low, double high) {
  const double margin = std::max(0.5, 0.02 * (high - low));
  return {low - margin, high + margin};
}

}  // namespace sextant::report
