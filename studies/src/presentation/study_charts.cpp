#include "sextant/studies/presentation/study_charts.hpp"

#include <algorithm>

#include "sextant/report/chart_parts.hpp"

namespace sextant::studies::presentation {
namespace {

report::OrderedJson by_name() {
  return {{"field", "name"},
          {"type", "nominal"},
          {"title", nullptr},
          {"sort", nullptr},
          {"legend", {{"orient", "top"}, {"columns", 3}}},
          {"scale",
           {{"range",
             {report::colour::blue, report::colour::vermilion, "#009e73", "#cc79a7",
              report::colour::ink, report::colour::grey, "#e69f00", "#56b4e9"}}}}};
}

report::OrderedJson shape_by_name() {
  report::OrderedJson channel = by_name();
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
  report::Table table() const {
    report::Table result;
    result.text("name", name).numbers("x", x).numbers("mean", mean);
    return result.numbers("low", low).numbers("high", high);
  }
};

report::OrderedJson rule_at(double value) {
  return {{"mark", {{"type", "rule"}, {"color", report::colour::grey}, {"strokeDash", {4, 3}}}},
          {"encoding", {{"y", {{"datum", value}, {"type", "quantitative"}}}}}};
}

report::OrderedJson error_bars(const report::OrderedJson& x) {
  return {{"mark", {{"type", "rule"}, {"strokeWidth", 1.2}}},
          {"encoding",
           {{"x", x},
            {"y", {{"field", "low"}, {"type", "quantitative"}}},
            {"y2", {{"field", "high"}}},
            {"color", by_name()}}}};
}

}  // namespace

report::Figure ecdf_figure(report::Figure figure, const std::vector<Sample>& samples,
                           const std::string& x_title) {
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
  report::Table table;
  table.text("name", names).numbers("x", values).numbers("share", shares);
  report::Panel panel{report::specification(figure.title, 240), table};
  panel.specification["mark"] = {{"type", "line"}, {"interpolate", "step-after"}, {"point", true}};
  panel.specification["encoding"] = {{"x", report::quantity("x", x_title)},
                                     {"y", report::quantity("share", "share of tasks")},
                                     {"color", by_name()},
                                     {"strokeDash", shape_by_name()}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

report::Figure lines_figure(report::Figure figure, const std::vector<MeanLine>& lines,
                            const std::string& x_title, const std::string& y_title,
                            const LineStyle& style) {
  LongTable data;
  for (const MeanLine& line : lines) data.add(line);
  report::Panel panel{report::specification(figure.title, 260), data.table()};
  report::OrderedJson x = report::quantity("x", x_title);
  if (style.logarithmic_x) x["scale"] = {{"type", "log"}, {"base", 2}};
  report::OrderedJson y = report::aligned_y("mean", y_title);
  if (style.logarithmic_y) y["scale"] = {{"type", "log"}};
  report::OrderedJson layers = report::OrderedJson::array();
  if (style.rule) layers.push_back(rule_at(*style.rule));
  layers.push_back(error_bars(x));
  layers.push_back({{"mark", {{"type", "line"}, {"point", true}}},
                    {"encoding", {{"x", x}, {"y", y}, {"color", by_name()}}}});
  panel.specification["layer"] = std::move(layers);
  figure.panels.push_back(std::move(panel));
  return figure;
}

report::Figure marked_curve_figure(report::Figure figure, const MeanLine& curve,
                                   const std::vector<MarkedPoint>& points,
                                   const std::string& x_title, const std::string& y_title) {
  LongTable data;
  data.add(curve);
  for (const MarkedPoint& point : points) data.add({point.name, {point.x}, {point.y}, {0}});
  report::Panel panel{report::specification(figure.title, 280), data.table()};
  const report::OrderedJson x = report::quantity("x", x_title);
  report::OrderedJson y = report::aligned_y("mean", y_title);
  y["scale"] = {{"zero", false}};
  const std::string on_curve = "datum.name == '" + curve.name + "'";
  panel.specification["layer"] = {
      {{"transform", report::filtered(on_curve)},
       {"mark", {{"type", "area"}, {"color", report::colour::pale}, {"opacity", 0.5}}},
       {"encoding",
        {{"x", x},
         {"y", {{"field", "low"}, {"type", "quantitative"}}},
         {"y2", {{"field", "high"}}}}}},
      {{"transform", report::filtered(on_curve)},
       {"mark", {{"type", "line"}, {"color", report::colour::grey}, {"point", true}}},
       {"encoding", {{"x", x}, {"y", y}}}},
      {{"transform", report::filtered("datum.name != '" + curve.name + "'")},
       {"mark", {{"type", "point"}, {"filled", true}, {"size", 90}}},
       {"encoding", {{"x", x}, {"y", y}, {"color", by_name()}, {"shape", shape_by_name()}}}}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

report::Figure agreement_figure(report::Figure figure, const std::vector<double>& x,
                                const std::vector<double>& y, const std::vector<std::string>& group,
                                const std::string& x_title, const std::string& y_title) {
  report::Table table;
  table.text("name", group).numbers("x", x).numbers("y", y);
  report::Panel panel{report::specification(figure.title, 320), table};
  panel.specification["layer"] = {
      {{"mark", {{"type", "point"}, {"filled", true}, {"size", 12}, {"opacity", 0.5}}},
       {"encoding",
        {{"x", report::quantity("x", x_title)},
         {"y", report::quantity("y", y_title)},
         {"color", by_name()}}}},
      {{"mark", {{"type", "line"}, {"color", report::colour::grey}, {"strokeDash", {4, 3}}}},
       {"encoding",
        {{"x", report::quantity("x", x_title)}, {"y", report::quantity("x", y_title)}}}}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace sextant::studies::presentation
