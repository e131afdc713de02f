#include "sextant/report/study_charts.hpp"

#include <algorithm>

#include "chart_parts.hpp"

namespace sextant::report {
namespace {

OrderedJson by_name() {
  return {{"field", "name"},
          {"type", "nominal"},
          {"title", nullptr},
          {"sort", nullptr},
          {"legend", {{"orient", "top"}, {"columns", 3}}},
          {"scale",
           {{"range",
             {colour::blue, colour::vermilion, "#009e73", "#cc79a7", colour::ink, colour::grey,
              "#e69f00", "#56b4e9"}}}}};
}

OrderedJson shape_by_name() {
  OrderedJson channel = by_name();
  channel.erase("scale");
  return channel;
}

struct LongTable {
  std::vector<std::string> name;
  std::vector<double> x, mean, low, high;

  void add(const MeanLine& line) {
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      name.push_back(line.name);
      x.push_back(line.x[i]);
      mean.push_back(line.mean[i]);
      low.push_back(line.mean[i] - line.standard_error[i]);
      high.push_back(line.mean[i] + line.standard_error[i]);
    }
  }
  Table table() const {
    Table result;
    result.text("name", name).numbers("x", x).numbers("mean", mean);
    return result.numbers("low", low).numbers("high", high);
  }
};

OrderedJson rule_at(double value) {
  return {{"mark", {{"type", "rule"}, {"color", colour::grey}, {"strokeDash", {4, 3}}}},
          {"encoding", {{"y", {{"datum", value}, {"type", "quantitative"}}}}}};
}

OrderedJson error_bars(const OrderedJson& x) {
  return {{"mark", {{"type", "rule"}, {"strokeWidth", 1.2}}},
          {"encoding",
           {{"x", x},
            {"y", {{"field", "low"}, {"type", "quantitative"}}},
            {"y2", {{"field", "high"}}},
            {"color", by_name()}}}};
}

}  // namespace

Figure ecdf_figure(Figure figure, const std::vector<Sample>& samples, const std::string& x_title) {
  std::vector<std::string> names;
  std::vector<double> values;
  std::vector<double> shares;
  for (const Sample& sample : samples) {
    std::vector<double> sorted = sample.values;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i + 1 < sorted.size() && sorted[i + 1] == sorted[i]) continue;  // the last of equals
      names.push_back(sample.name);
      values.push_back(sorted[i]);
      shares.push_back(static_cast<double>(i + 1) / static_cast<double>(sorted.size()));
    }
  }
  Table table;
  table.text("name", names).numbers("x", values).numbers("share", shares);
  Panel panel{specification(figure.title, 240), table};
  panel.specification["mark"] = {{"type", "line"}, {"interpolate", "step-after"}, {"point", true}};
  panel.specification["encoding"] = {{"x", quantity("x", x_title)},
                                     {"y", quantity("share", "share of tasks")},
                                     {"color", by_name()},
                                     {"strokeDash", shape_by_name()}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

Figure lines_figure(Figure figure, const std::vector<MeanLine>& lines, const std::string& x_title,
                    const std::string& y_title, const LineStyle& style) {
  LongTable data;
  for (const MeanLine& line : lines) data.add(line);
  Panel panel{specification(figure.title, 260), data.table()};
  OrderedJson x = quantity("x", x_title);
  if (style.logarithmic_x) x["scale"] = {{"type", "log"}, {"base", 2}};
  OrderedJson y = aligned_y("mean", y_title);
  if (style.logarithmic_y) y["scale"] = {{"type", "log"}};
  OrderedJson layers = OrderedJson::array();
  if (style.rule) layers.push_back(rule_at(*style.rule));
  layers.push_back(error_bars(x));
  layers.push_back({{"mark", {{"type", "line"}, {"point", true}}},
                    {"encoding", {{"x", x}, {"y", y}, {"color", by_name()}}}});
  panel.specification["layer"] = std::move(layers);
  figure.panels.push_back(std::move(panel));
  return figure;
}

Figure marked_curve_figure(Figure figure, const MeanLine& curve,
                           const std::vector<MarkedPoint>& points, const std::string& x_title,
                           const std::string& y_title) {
  LongTable data;
  data.add(curve);
  for (const MarkedPoint& point : points) data.add({point.name, {point.x}, {point.y}, {0}});
  Panel panel{specification(figure.title, 280), data.table()};
  const OrderedJson x = quantity("x", x_title);
  OrderedJson y = aligned_y("mean", y_title);
  y["scale"] = {{"zero", false}};
  const std::string on_curve = "datum.name == '" + curve.name + "'";
  panel.specification["layer"] = {
      {{"transform", filtered(on_curve)},
       {"mark", {{"type", "area"}, {"color", colour::pale}, {"opacity", 0.5}}},
       {"encoding",
        {{"x", x},
         {"y", {{"field", "low"}, {"type", "quantitative"}}},
         {"y2", {{"field", "high"}}}}}},
      {{"transform", filtered(on_curve)},
       {"mark", {{"type", "line"}, {"color", colour::grey}, {"point", true}}},
       {"encoding", {{"x", x}, {"y", y}}}},
      {{"transform", filtered("datum.name != '" + curve.name + "'")},
       {"mark", {{"type", "point"}, {"filled", true}, {"size", 90}}},
       {"encoding", {{"x", x}, {"y", y}, {"color", by_name()}, {"shape", shape_by_name()}}}}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

Figure agreement_figure(Figure figure, const std::vector<double>& x, const std::vector<double>& y,
                        const std::vector<std::string>& group, const std::string& x_title,
                        const std::string& y_title) {
  Table table;
  table.text("name", group).numbers("x", x).numbers("y", y);
  Panel panel{specification(figure.title, 320), table};
  panel.specification["layer"] = {
      {{"mark", {{"type", "point"}, {"filled", true}, {"size", 12}, {"opacity", 0.5}}},
       {"encoding",
        {{"x", quantity("x", x_title)}, {"y", quantity("y", y_title)}, {"color", by_name()}}}},
      {{"mark", {{"type", "line"}, {"color", colour::grey}, {"strokeDash", {4, 3}}}},
       {"encoding", {{"x", quantity("x", x_title)}, {"y", quantity("x", y_title)}}}}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace sextant::report
