#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/report/chart.hpp"
#include "sextant/report/chart_parts.hpp"

namespace sextant::report {
namespace {

constexpr int row_height = 24;

/// Names of at most so many characters leave the bars room enough.
constexpr std::size_t short_name = 24;

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts(1);
  for (const char c : name) {
    parts.back() += c;
    if (c == '.') parts.emplace_back();
  }
  return parts;
}

/// Names, without the parts between dots that all of them begin and end with where one is long;
/// `shared` says which those are. Every name keeps a part, and different names stay different.
std::vector<std::string> short_labels(const std::vector<std::string>& names, std::string& shared) {
  const auto is_short = [](const std::string& name) { return name.size() <= short_name; };
  if (names.size() < 2 || std::ranges::all_of(names, is_short)) return names;
  std::vector<std::vector<std::string>> parts;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const std::string& name : names) {
    parts.push_back(parts_of(name));
    fewest = std::min(fewest, parts.back().size());
  }
  const auto& model = parts.front();
  const auto all_have = [&](const auto& part_of, const std::string& part) {
    return std::ranges::all_of(parts, [&](const auto& each) { return part_of(each) == part; });
  };
  std::size_t front = 0;
  const auto from_front = [&](const auto& each) { return each[front]; };
  while (front + 1 < fewest && all_have(from_front, model[front])) ++front;
  std::size_t back = 0;
  const auto from_back = [&](const auto& each) { return each[each.size() - 1 - back]; };
  while (front + back + 1 < fewest && all_have(from_back, from_back(model))) ++back;
  const auto joined = [](auto begin, auto end) {
    return std::accumulate(begin, end, std::string());
  };
  std::vector<std::string> labels;
  for (const auto& each : parts) {
    labels.push_back(joined(each.begin() + static_cast<std::ptrdiff_t>(front),
                            each.end() - static_cast<std::ptrdiff_t>(back)));
    if (back > 0) labels.back().pop_back();  // its dot
  }
  if (front + back > 0) {
    shared = joined(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(front)) +
             (back > 0 ? "…." : "…") +
             joined(model.end() - static_cast<std::ptrdiff_t>(back), model.end());
  }
  return labels;
}

/// Few columns get cells of a fixed width, many share the page.
constexpr std::size_t few_columns = 6;

Table grid_table(const HeadGrid& grid, const std::vector<ScoredBlock>& blocks) {
  std::vector<std::string> name;
  std::vector<double> layer;
  std::vector<std::string> column;
  std::vector<double> score;
  std::vector<double> order;
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < grid.cells.size(); ++i) {
    if (grid.cells[i] < 0) continue;
    const ScoredBlock& block = blocks[grid.cells[i]];
    name.push_back(printable(block.block.name));
    layer.push_back(block.block.layer);
    column.push_back(printable(grid.columns[i % grid.columns.size()]));
    score.push_back(std::isfinite(block.score) ? block.score : missing_cell);
    order.push_back(block.order ? *block.order : missing_cell);
    chosen.emplace_back(block.selected ? "yes" : "no");
  }
  Table table;
  table.text("block", name)
      .numbers("layer", layer)
      .text(grid.kind.empty() ? "kind" : "head", column);
  return table.numbers("score", score).numbers("order", order).text("chosen", chosen);
}

OrderedJson cell_colour(CellValue value, const ShadeScale& scale, const std::string& score_name,
                        bool with_legend) {
  OrderedJson channel = quantity(value == CellValue::score ? "score" : "order",
                                 value == CellValue::score ? score_name : "order of choice");
  channel["scale"] = {{"range", {"#e3ebf4", "#9ebbd9", "#4a86bd", "#12508f", "#08244f"}},
                      {"interpolate", "lab"}};
  channel["legend"] = nullptr;
  if (value == CellValue::order) {
    channel["scale"]["reverse"] = true;
    return channel;
  }
  channel["scale"]["type"] = scale.root ? "sqrt" : "linear";
  channel["scale"]["domain"] = {scale.low, scale.high};
  if (with_legend) {
    channel["legend"] = {{"title", score_name}, {"titleFontWeight", "normal"},
                         {"titleLimit", 300},   {"gradientLength", 180},
                         {"tickCount", 3},      {"format", "~g"}};
  }
  return channel;
}

Panel grid_panel(const HeadGrid& grid, const std::vector<ScoredBlock>& blocks, CellValue value,
                 const std::string& score_name, bool with_legend) {
  const bool heads = !grid.kind.empty();
  Panel panel{specification(heads ? "Layers by heads, kind " + printable(grid.kind)
                                  : std::string("Layers by kind of block"),
                            row_height * static_cast<int>(grid.layers.size())),
              grid_table(grid, blocks)};
  if (grid.columns.size() <= few_columns) {
    panel.specification["width"] = 56 * grid.columns.size();
    panel.specification.erase("autosize");
  }
  OrderedJson columns = OrderedJson::array();
  for (const auto& column : grid.columns) columns.push_back(printable(column));
  OrderedJson axis = {{"labelAngle", 0}, {"orient", "top"}, {"ticks", false}, {"domain", false}};
  panel.specification["encoding"] = {
      {"x",
       {{"field", heads ? "head" : "kind"},
        {"type", "ordinal"},
        {"sort", columns},
        {"title", heads ? printable(grid.kind) + " head" : std::string()},
        {"axis", axis}}},
      {"y",
       {{"field", "layer"},
        {"type", "ordinal"},
        {"title", "layer"},
        {"axis", {{"ticks", false}, {"domain", false}}}}},
      {"tooltip",
       {{{"field", "block"}, {"type", "nominal"}},
        quantity("score", score_name),
        {{"field", "chosen"}, {"type", "nominal"}}}}};
  OrderedJson cell = {{"type", "rect"}, {"stroke", "#ffffff"}, {"strokeWidth", 1.5}};
  OrderedJson empty = cell;
  empty["color"] = "#f4f5f6";
  const std::string shown =
      value == CellValue::score ? "isValid(datum.score)" : "isValid(datum.order)";
  panel.specification["layer"] = {
      {{"mark", empty}},
      {{"transform", filtered(shown)},
       {"mark", cell},
       {"encoding",
        {{"color", cell_colour(value, shade_scale(blocks), score_name, with_legend)}}}}};
  OrderedJson& layers = panel.specification["layer"];
  if (value == CellValue::score) {
    layers.push_back({{"transform", filtered("datum.chosen == 'yes'")},
                      {"mark",
                       {{"type", "rect"},
                        {"fill", "transparent"},
                        {"stroke", colour::vermilion},
                        {"strokeWidth", 2.5}}}});
    layers.push_back({{"transform", filtered("datum.chosen == 'yes'")},
                      {"mark",
                       {{"type", "point"},
                        {"filled", true},
                        {"fill", "#ffffff"},
                        {"stroke", colour::vermilion},
                        {"strokeWidth", 1.5},
                        {"opacity", 1},
                        {"size", 40}}}});
  } else {
    int last = 0;
    for (const auto& block : blocks) last = std::max(last, block.order.value_or(0));
    layers.push_back(
        {{"transform", filtered("isValid(datum.order)")},
         {"mark", {{"type", "text"}, {"fontSize", 11}, {"fontWeight", 600}}},
         {"encoding",
          {{"text", {{"field", "order"}, {"type", "quantitative"}}},
           {"color",
            {{"condition",
              {{"test", fmt::format("datum.order <= {}", (last + 1) / 2)}, {"value", "#ffffff"}}},
             {"value", colour::ink}}}}}});
  }
  return panel;
}

std::vector<std::size_t> with_score(const std::vector<ScoredBlock>& blocks) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (std::isfinite(blocks[i].score)) indices.push_back(i);
  }
  return indices;
}

}  // namespace

OrderedJson with_data(const Panel& panel) {
  OrderedJson result = panel.specification;
  result["data"] = {{"values", to_json(panel.data)}};
  return result;
}

Figure head_map_figure(const std::vector<ScoredBlock>& blocks, CellValue value,
                       const std::string& score_name) {
  Figure figure{"Blocks by layer and head",
                value == CellValue::score
                    ? "The darker a cell, the higher its score. Chosen blocks carry a ring and a "
                      "dot; a pale cell without a shade was not scored."
                    : "Numbers give the order in which the blocks were chosen; pale cells were not "
                      "chosen.",
                "head-map",
                {}};
  for (const auto& grid : arrange(blocks)) {
    figure.panels.push_back(grid_panel(grid, blocks, value, score_name, figure.panels.empty()));
  }
  return figure;
}

Figure ranking_figure(const std::vector<ScoredBlock>& blocks, const std::string& score_name,
                      std::size_t most) {
  auto order = with_score(blocks);
  const std::size_t scored = order.size();
  std::vector<std::size_t> further;  // chosen, whatever their place
  for (std::size_t i = most; i < order.size(); ++i) {
    if (blocks[order[i]].selected) further.push_back(order[i]);
  }
  order.resize(std::min(scored, most));
  order.insert(order.end(), further.begin(), further.end());
  const std::size_t shown = order.size();
  Figure figure{"Blocks by score",
                shown < scored
                    ? fmt::format("The first {} of {} scored blocks{}, the best first.",
                                  shown - further.size(), scored,
                                  further.empty() ? "" : " and the chosen ones among the others")
                    : "All scored blocks, the best first.",
                "ranking",
                {}};
  figure.caption +=
      " A steep fall means that a few blocks carry the correction, a flat one that the choice "
      "among them matters little.";
  if (shown == 0) return figure;
  std::vector<std::string> name;
  std::vector<double> score;
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < shown; ++i) {
    name.push_back(printable(blocks[order[i]].block.name));
    score.push_back(blocks[order[i]].score);
    chosen.emplace_back(blocks[order[i]].selected ? "chosen" : "not chosen");
  }
  Panel panel{specification("Scores of the highest-ranked blocks", 18 * static_cast<int>(shown)),
              {}};
  panel.data.text("block", name).numbers("score", score).text("status", chosen);
  std::string shared;
  panel.data.text("label", short_labels(name, shared));
  if (!shared.empty()) figure.caption += " Labels leave out what all names share: " + shared + ".";
  OrderedJson x = quantity("score", score_name);
  x["axis"] = {{"tickCount", 5}, {"format", "~g"}};
  panel.specification["mark"] = {{"type", "bar"}, {"tooltip", {{"content", "data"}}}};
  panel.specification["encoding"] = {
      {"y",
       {{"field", "label"},
        {"type", "nominal"},
        {"sort", nullptr},
        {"title", nullptr},
        {"axis", {{"labelLimit", 0}, {"ticks", false}, {"domain", false}, {"labelPadding", 6}}}}},
      {"x", x},
      {"color",
       {{"field", "status"},
        {"type", "nominal"},
        {"scale",
         {{"domain", {"chosen", "not chosen"}}, {"range", {colour::blue, colour::pale}}}}}}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

Figure selection_path_figure(const std::vector<ScoredBlock>& blocks,
                             const std::string& criterion_name) {
  std::vector<const ScoredBlock*> path;
  for (const auto& block : blocks) {
    if (block.order) path.push_back(&block);
  }
  std::sort(path.begin(), path.end(),
            [](const auto* a, const auto* b) { return *a->order < *b->order; });
  Figure figure{"What each further block adds",
                "The criterion after each choice, in the order of choice. Where the curve turns "
                "flat, further blocks change nothing that matters.",
                "selection-path",
                {}};
  if (path.empty()) return figure;
  std::vector<double> count;
  std::vector<std::string> name;
  std::vector<double> criterion;
  for (const auto* block : path) {
    count.push_back(*block->order);
    name.push_back(printable(block->block.name));
    criterion.push_back(std::isfinite(block->score) ? block->score : missing_cell);
  }
  Panel panel{specification("Criterion after each choice", 190), {}};
  panel.data.numbers("blocks", count).text("added", name).numbers("criterion", criterion, 5);
  const auto range = padded(count.front(), count.back());
  OrderedJson y = aligned_y("criterion", criterion_name);
  y["scale"] = {{"zero", false}};
  panel.specification["mark"] = {{"type", "line"},
                                 {"color", colour::blue},
                                 {"strokeWidth", 2},
                                 {"point", {{"color", colour::blue}, {"size", 34}}}};
  panel.specification["encoding"] = {
      {"x", whole_numbers("blocks", "blocks chosen", range.first, range.second)},
      {"y", y},
      {"tooltip",
       {quantity("blocks", "blocks"),
        {{"field", "added"}, {"type", "nominal"}},
        quantity("criterion", criterion_name)}}};
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace sextant::report
