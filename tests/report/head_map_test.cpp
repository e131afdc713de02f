#include "sextant/report/head_map.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "sextant/report/chart.hpp"
#include "support/close.hpp"

using namespace sextant::report;

namespace {

std::vector<ScoredBlock> heads(int layers, int count, const std::string& kind = "value") {
  std::vector<ScoredBlock> blocks;
  for (int layer = 0; layer < layers; ++layer) {
    for (int head = 0; head < count; ++head) {
      blocks.push_back({{"h." + std::to_string(layer) + "." + kind + "." + std::to_string(head),
                         layer, head, kind},
                        layer * count + head + 1.0,
                        false,
                        {}});
    }
  }
  return blocks;
}

}  // namespace

TEST_CASE("a head map shows layers, heads, shades and the chosen") {
  std::vector<ScoredBlock> blocks = {
      {{"a", 0, 0, "value"}, 0, false, {}},
      {{"b", 0, 1, "value"}, 0.05, false, {}},
      {{"c", 3, 0, "value"}, 0.17, true, {}},
      {{"d", 3, 1, "value"}, 1, true, {}},
      {{"e", 3, 2, "value"}, std::nan(""), false, {}},
  };
  CHECK(head_map(blocks, CellValue::score, {}) ==
        "value heads\n"
        "layer  0  1  2\n"
        "    0 ·· ░░\n"
        "    3 ▒▒*██*\n"
        "score from  ·· 0  ░░ 0.04  ▒▒ 0.16  ▓▓ 0.36  ██ 0.64   * chosen\n");
}

TEST_CASE("orders of choice are printed as numbers") {
  auto blocks = heads(2, 2);
  for (auto& block : blocks) block.score = std::nan("");
  blocks[3].order = 1;
  blocks[3].selected = true;
  blocks[0].order = 12;
  CHECK(head_map(blocks, CellValue::order, {}) ==
        "value heads\n"
        "layer   0   1\n"
        "    0  12\n"
        "    1       1*\n"
        "numbers: order of choice   * chosen\n");
}

TEST_CASE("blocks without heads share a grid of their kinds") {
  std::vector<ScoredBlock> blocks = {{{"h.0.mlp.in", 0, {}, "mlp-in"}, 1, true, {}},
                                     {{"h.0.mlp.out", 0, {}, "mlp-out"}, 0, false, {}},
                                     {{"h.1.mlp.in", 1, {}, "mlp-in"}, 0, false, {}}};
  const auto grids = arrange(blocks);
  REQUIRE(grids.size() == 1);
  CHECK(grids[0].kind.empty());
  CHECK(grids[0].columns == std::vector<std::string>{"mlp-in", "mlp-out"});
  CHECK(grids[0].cells == std::vector<std::ptrdiff_t>{0, 1, 2, -1});
  const std::string text = head_map(blocks, CellValue::score, {});
  CHECK(text.find("    0 ███████*·······\n") != std::string::npos);
  CHECK(text.find("    1 ·······\n") != std::string::npos);
}

TEST_CASE("the ranking figure shows every chosen block") {
  auto blocks = heads(4, 10);
  blocks[35].selected = true;
  const Figure figure = ranking_figure(blocks, "score", 30);
  const auto rows = to_json(figure.panels.at(0).data);
  REQUIRE(rows.size() == 31);
  CHECK(rows[30]["block"] == blocks[35].block.name);
  CHECK(figure.caption.starts_with(
      "The first 30 of 40 scored blocks and the chosen ones among the others, the best first."));
}

TEST_CASE("blocks of one layer and kind do not hide each other") {
  std::vector<ScoredBlock> blocks;
  for (const int layer : {0, 1}) {
    for (const char* name : {"q", "v"}) {
      blocks.push_back({{std::to_string(layer) + name, layer, {}, "lora"}, 1.0, false, {}});
    }
  }
  blocks.push_back({{"mlp", 1, {}, "mlp-in"}, 1.0, false, {}});
  auto grids = arrange(blocks);
  REQUIRE(grids.size() == 1);
  CHECK(grids[0].columns == std::vector<std::string>{"lora (1)", "lora (2)", "mlp-in"});
  CHECK(grids[0].cells == std::vector<std::ptrdiff_t>{0, 1, -1, 2, 3, 4});
  for (std::size_t i = 0; i < 4; ++i) blocks[i].block.head = 2;
  blocks.pop_back();
  grids = arrange(blocks);
  REQUIRE(grids.size() == 1);
  CHECK(grids[0].columns == std::vector<std::string>{"2 (1)", "2 (2)"});
  CHECK(grids[0].cells == std::vector<std::ptrdiff_t>{0, 1, 2, 3});
}

TEST_CASE("each kind with heads has its own grid, in order of appearance") {
  auto blocks = heads(2, 3, "output");
  for (const auto& block : heads(1, 2, "value")) blocks.push_back(block);
  blocks.push_back({{"m", 0, {}, "mlp-in"}, 1, false, {}});
  const auto grids = arrange(blocks);
  REQUIRE(grids.size() == 3);
  CHECK(grids[0].kind == "output");
  CHECK(grids[0].cells.size() == 6);
  CHECK(grids[1].kind == "value");
  CHECK(grids[1].layers == std::vector<int>{0});
  CHECK(grids[2].kind.empty());
}

TEST_CASE("48 heads continue in bands of at most 80 columns, each head once") {
  const auto blocks = heads(3, 48);
  const std::string text = head_map(blocks, CellValue::score, {});
  std::istringstream stream(text);
  int headers = 0;
  int numbers = 0;
  for (std::string line; std::getline(stream, line);) {
    CHECK(display_width(line) <= 80);
    if (!line.starts_with("layer")) continue;
    ++headers;
    std::istringstream words(line.substr(5));
    for (int head = 0; words >> head;) CHECK(head == numbers++);
  }
  CHECK(headers == 2);
  CHECK(numbers == 48);
}

TEST_CASE("shades: scale, limits and degenerate scores") {
  std::vector<ScoredBlock> blocks = {{{"a", 0, 0, "v"}, -1, false, {}},
                                     {{"b", 0, 1, "v"}, 0, false, {}},
                                     {{"c", 0, 2, "v"}, 3, false, {}},
                                     {{"d", 0, 3, "v"}, std::nan(""), false, {}}};
  auto shade = shades(blocks, CellValue::score);
  CHECK(*shade[0] == 0.0);
  CHECK(*shade[1] == 0.25);  // Negative scores: linear.
  CHECK(*shade[2] == 1.0);
  CHECK_FALSE(shade[3].has_value());
  blocks[0].score = 0.75;
  CHECK(*shades(blocks, CellValue::score)[0] == 0.5);  // None negative: square root.
  const ShadeScale scale = shade_scale(blocks);
  for (const double score : {0.0, 0.3, 3.0}) {
    CHECK(scale.score(scale.shade(score)) == test::close(score, 1e-14));
  }
  for (auto& block : blocks) block.score = 0;
  for (const auto& value : shades(blocks, CellValue::score)) CHECK(*value == 0.0);
  for (auto& block : blocks) block.score = -2;
  CHECK(*shades(blocks, CellValue::score)[0] == 0.0);
  CHECK(shades({}, CellValue::score).empty());
  CHECK(head_map({}, CellValue::score, {}).empty());
}

TEST_CASE("one block") {
  CHECK(head_map({{{"only", 7, 2, "value"}, 0.5, true, {}}}, CellValue::score, {}) ==
        "value heads\nlayer  2\n    7 ██*\n"
        "score from  ·· 0  ░░ 0.02  ▒▒ 0.08  ▓▓ 0.18  ██ 0.32   * chosen\n");
}

TEST_CASE("colour is added around the same layout") {
  const auto blocks = heads(2, 2);
  const std::string coloured = head_map(blocks, CellValue::score, {80, true});
  CHECK(coloured.find("\x1b[48;5;") != std::string::npos);
  CHECK(head_map(blocks, CellValue::score, {80, false}).find('\x1b') == std::string::npos);
}
