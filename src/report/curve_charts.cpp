#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/report/chart.hpp"
#include "sextant/report/chart_parts.hpp"

namespace sextant::report {
namespace {

/// Candidates such as 0, 1, 2, 4, ..., 1024 crowd at the left of a linear axis.
bool spread_is_geometric(std::span<const double> horizons) {
  if (horizons.size() < 4) return false;
  std::vector<double> sorted = as_vector(horizons);
  std::sort(sorted.begin(), sorted.end());
  return sorted.front() >= 0 && sorted.back() >= 32 &&
         sorted[sorted.size() / 2] < sorted.back() / 5;
}

OrderedJson horizon_axis(std::span<const double> horizons, std::string_view title) {
  const auto [low, high] = std::minmax_element(horizons.begin(), horizons.end());
  auto range = padded(*low, *high);
  const bool geometric = spread_is_geometric(horizons);
  if (geometric) range = {*low - 0.3, *high * 1.15};
  OrderedJson channel = whole_numbers("horizon", title, range.first, range.second);
  if (geometric) {
    channel["scale"]["type"] = "symlog";
    channel["axis"]["values"] = as_vector(horizons);
  }
  return channel;
}

OrderedJson t_map_label(std::span<const double> horizons, double t_map) {
  const auto [low, high] = std::minmax_element(horizons.begin(), horizons.end());
  const bool right = t_map > (*low + *high) / 2;
  return {{"transform", filtered("datum.t_map == 'yes'")},
          {"mark",
           {{"type", "text"},
            {"align", right ? "right" : "left"},
            {"dx", right ? -7 : 7},
            {"dy", 2},
            {"baseline", "top"},
            {"fontSize", 12},
            {"fontWeight", 600},
            {"color", colour::vermilion},
            {"text", "T_MAP = " + format_number(t_map)}}},
          {"encoding", {{"y", {{"value", 0}}}}}};
}

OrderedJson t_map_rule() {
  return {{"transform", filtered("datum.t_map == 'yes'")},
          {"mark",
           {{"type", "rule"},
            {"color", colour::vermilion},
            {"strokeWidth", 1.5},
            {"strokeDash", {4, 3}}}}};
}

Panel evidence_panel(const Table& data, std::span<const double> horizons, double t_map,
                     bool with_axis_title) {
  Panel panel{specification("Evidence of each candidate horizon; the lowest point is T_MAP", 190),
              data};
  OrderedJson y = aligned_y("evidence", "evidence (lower is better)");
  y["scale"] = {{"zero", false}};
  OrderedJson line = {{"type", "line"}, {"color", colour::blue}, {"strokeWidth", 2}};
  if (horizons.size() <= most_points) {
    line["point"] = {{"filled", true}, {"color", colour::blue}, {"size", 28}};
  }
  line["tooltip"] = true;
  OrderedJson best = {{"type", "point"},
                      {"filled", true},
                      {"size", 90},
                      {"opacity", 1},
                      {"color", colour::vermilion},
                      {"tooltip", true}};
  panel.specification["encoding"] = {
      {"x", horizon_axis(horizons, with_axis_title ? "horizon T (steps)" : "")}};
  panel.specification["layer"] = {
      t_map_rule(),
      {{"mark", line}, {"encoding", {{"y", y}}}},
      {{"transform", filtered("datum.t_map == 'yes'")}, {"mark", best}, {"encoding", {{"y", y}}}},
      t_map_label(horizons, t_map)};
  return panel;
}

Panel posterior_panel(const Table& data, std::span<const double> horizons) {
  Panel panel{specification("Gibbs posterior over the candidate horizons", 90), data};
  OrderedJson y = aligned_y("posterior", "posterior");
  y["axis"]["tickCount"] = 3;
  const double bar = std::clamp(270.0 / static_cast<double>(horizons.size()), 1.0, 14.0);
  panel.specification["mark"] = {{"type", "bar"}, {"size", bar}, {"tooltip", true}};
  panel.specification["encoding"] = {
      {"x", horizon_axis(horizons, "horizon T (steps)")},
      {"y", y},
      {"color",
       {{"condition", {{"test", "datum.t_map == 'yes'"}, {"value", colour::vermilion}}},
        {"value", colour::blue}}}};
  return panel;
}

}  // namespace

Figure evidence_figure(std::span<const double> horizons, std::span<const double> evidence,
                       std::span<const double> posterior, double t_map) {
  check_size("report::evidence_figure", "evidence", evidence.size(), horizons.size());
  if (!posterior.empty()) {
    check_size("report::evidence_figure", "posterior", posterior.size(), horizons.size());
  }
  Figure figure{"Evidence over horizons",
                "The curve is the negative log evidence per example of having stopped after T "
                "steps; its minimum is the horizon that the labelled examples support best.",
                "evidence",
                {}};
  if (horizons.empty()) return figure;
  std::vector<std::string> marked;
  for (const double horizon : horizons) marked.emplace_back(horizon == t_map ? "yes" : "");
  Table data;
  data.numbers("horizon", as_vector(horizons)).numbers("evidence", as_vector(evidence), 6);
  if (!posterior.empty()) data.numbers("posterior", as_vector(posterior));
  data.text("t_map", marked);
  figure.panels.push_back(evidence_panel(data, horizons, t_map, posterior.empty()));
  if (!posterior.empty()) {
    figure.caption +=
        " The bars show how much weight the Gibbs posterior gives each horizon: a narrow peak "
        "means that the examples decide, a flat one that they leave T open.";
    figure.panels.push_back(posterior_panel(data, horizons));
  }
  return figure;
}

Figure residual_figure(std::span<const double> steps, std::span<const double> measured,
                       std::span<const double> predicted) {
  check_size("report::residual_figure", "measured", measured.size(), steps.size());
  check_size("report::residual_figure", "predicted", predicted.size(), steps.size());
  Figure figure{"Fit of the labelled examples",
                "Euclidean norm of the leave-one-out residuals after each step, measured on the "
                "model and as the linear model predicts it. Curves that part show where the update "
                "leaves the region in which the kernel describes the model.",
                "residuals",
                {}};
  if (measured.empty()) return figure;
  std::vector<double> step;
  std::vector<double> norm;
  std::vector<std::string> source;
  const auto append = [&](std::span<const double> values, const char* name) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      step.push_back(steps[i]);
      norm.push_back(values[i]);
      source.emplace_back(name);
    }
  };
  append(measured, "measured");
  append(predicted, "predicted");
  Panel panel{specification("Residual norm by step, measured and predicted", 190), {}};
  panel.data.numbers("step", step).text("source", source).numbers("residual_norm", norm);
  const auto by_source = [](OrderedJson range) {
    return OrderedJson{
        {"field", "source"},
        {"type", "nominal"},
        {"scale", {{"domain", {"measured", "predicted"}}, {"range", std::move(range)}}},
        {"legend", solid_symbols()}};
  };
  OrderedJson mark = {{"type", "line"}, {"strokeWidth", 2}, {"tooltip", true}};
  if (measured.size() <= most_points) mark["point"] = {{"size", 34}};
  panel.specification["mark"] = mark;
  const auto range = padded(steps.front(), steps.back());
  OrderedJson y = aligned_y("residual_norm", "residual norm");
  y["scale"] = {{"zero", true}};
  panel.specification["encoding"] = {
      {"x", whole_numbers("step", "step", range.first, range.second)},
      {"y", y},
      {"color", by_source({colour::vermilion, colour::blue})},
      {"strokeDash", by_source({{1, 0}, {6, 4}})},
      {"shape", by_source({"circle", "square"})}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace sextant::report
