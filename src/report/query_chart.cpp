#include <fmt/format.h>

#include <limits>

#include "sextant/report/chart.hpp"
#include "sextant/report/chart_parts.hpp"

namespace sextant::report {
namespace {

constexpr std::size_t crowded = 40;  // From here on, smaller marks.

Table query_table(const std::vector<ttt::QueryOutcome>& queries) {
  std::vector<double> number;
  std::vector<double> base;
  std::vector<double> linearized;
  std::vector<double> adapted;
  std::vector<double> target;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    number.push_back(static_cast<double>(queries[i].query));
    base.push_back(queries[i].base);
    linearized.push_back(queries[i].linearized);
    adapted.push_back(queries[i].adapted);
    target.push_back(queries[i].target.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  Table table;
  table.numbers("query", number).numbers("base", base).numbers("linearized", linearized);
  return table.numbers("adapted", adapted).numbers("target", target);
}

OrderedJson by_stage(const OrderedJson& stages, OrderedJson range) {
  return {{"field", "stage"},
          {"type", "nominal"},
          {"scale", {{"domain", stages}, {"range", std::move(range)}}}};
}

}  // namespace

Figure query_figure(const std::vector<ttt::QueryOutcome>& queries) {
  Figure figure{"Queries before and after",
                "Each query's prediction by the model as loaded (base), as the kernel expects it "
                "after the update (linearized) and as the updated model really gives it (adapted). "
                "The closer the diamond lies to the filled dot, the better the linear model "
                "described the update.",
                "queries",
                {}};
  if (queries.empty()) return figure;
  bool any_target = false;
  for (const auto& query : queries) any_target = any_target || query.target.has_value();
  OrderedJson stages = {"base", "linearized", "adapted"};
  if (any_target) {
    stages.push_back("target");
    figure.caption +=
        " An update that helps moves the filled dot from the open one towards the bar, the target.";
  }
  const bool dense = queries.size() > crowded;
  Panel panel{specification("Predictions of each query before and after the update", 260),
              query_table(queries)};
  panel.specification["encoding"] = {
      {"x", whole_numbers("query", "query", static_cast<double>(queries.front().query) - 0.5,
                          static_cast<double>(queries.back().query) + 0.5)}};
  OrderedJson y = aligned_y("prediction", "prediction");
  y["scale"] = {{"zero", false}};
  OrderedJson from = y;
  from["field"] = "base";
  const OrderedJson stroke =
      by_stage(stages, {colour::grey, colour::blue, colour::vermilion, colour::ink});
  const OrderedJson fill =
      by_stage(stages, {"#ffffff", "transparent", colour::vermilion, "transparent"});
  const OrderedJson shape = by_stage(stages, {"circle", "diamond", "circle", "stroke"});
  const auto marks = [&](std::string_view stage, double size) {
    return OrderedJson{
        {"transform", filtered(fmt::format("datum.stage == '{}'", stage))},
        {"mark",
         {{"type", "point"},
          {"size", dense ? size / 2.5 : size},
          {"strokeWidth", 1.8},
          {"opacity", 1},
          {"tooltip", true}}},
        {"encoding", {{"y", y}, {"stroke", stroke}, {"fill", fill}, {"shape", shape}}}};
  };
  panel.specification["transform"] = {{{"fold", stages}, {"as", {"stage", "prediction"}}},
                                      {{"filter", "isValid(datum.prediction)"}}};
  panel.specification["layer"] = {
      {{"transform", filtered("datum.stage == 'base'")},
       {"mark", {{"type", "rule"}, {"color", colour::pale}, {"strokeWidth", dense ? 1 : 1.5}}},
       {"encoding", {{"y", from}, {"y2", {{"field", "adapted"}}}}}},
      marks("base", 55),
      marks("adapted", 50),
      marks("linearized", 200)};
  if (any_target) panel.specification["layer"].push_back(marks("target", 170));
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace sextant::report
