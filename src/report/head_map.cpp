#include "sextant/report/head_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace sextant::report {
namespace {

constexpr std::array<std::string_view, 5> shading = {"·", "░", "▒", "▓", "█"};
/// 256-colour backgrounds from light to dark, and a text colour that reads on each.
constexpr std::array<int, 5> background = {254, 153, 75, 26, 17};
constexpr std::array<int, 5> foreground = {16, 16, 16, 231, 231};

int level(double shade) { return std::clamp(static_cast<int>(shade * 5), 0, 4); }

/// The grid of the blocks with these indices; `column_of` tells which column each belongs to.
/// Blocks of one layer in one column get cells side by side, in columns with a number each.
template <class ColumnOf>
HeadGrid fill(std::string kind, const std::vector<ScoredBlock>& blocks,
              const std::vector<std::ptrdiff_t>& members, const std::vector<std::string>& names,
              ColumnOf column_of) {
  HeadGrid grid{std::move(kind), {}, {}, {}};
  std::set<int> layers;
  std::map<std::pair<int, std::size_t>, std::size_t> in_cell;  // how many so far
  std::vector<std::size_t> place;                              // of each member among these
  std::vector<std::size_t> copies(names.size(), 1);
  for (const auto i : members) {
    const int layer = blocks[i].block.layer;
    const std::size_t column = column_of(blocks[i]);
    layers.insert(layer);
    place.push_back(in_cell[{layer, column}]++);
    copies[column] = std::max(copies[column], place.back() + 1);
  }
  std::vector<std::size_t> first;
  for (std::size_t c = 0; c < names.size(); ++c) {
    first.push_back(grid.columns.size());
    for (std::size_t k = 1; k <= copies[c]; ++k) {
      grid.columns.push_back(copies[c] == 1 ? names[c] : fmt::format("{} ({})", names[c], k));
    }
  }
  grid.layers.assign(layers.begin(), layers.end());
  grid.cells.assign(grid.layers.size() * grid.columns.size(), -1);
  for (std::size_t m = 0; m < members.size(); ++m) {
    const ScoredBlock& block = blocks[members[m]];
    const auto row =
        static_cast<std::size_t>(std::distance(layers.begin(), layers.find(block.block.layer)));
    grid.cells[row * grid.columns.size() + first[column_of(block)] + place[m]] = members[m];
  }
  return grid;
}

HeadGrid heads_of_kind(const std::string& kind, const std::vector<ScoredBlock>& blocks,
                       const std::vector<std::ptrdiff_t>& members) {
  std::set<int> heads;
  for (const auto i : members) heads.insert(*blocks[i].block.head);
  std::vector<std::string> columns;
  columns.reserve(heads.size());
  for (const int head : heads) columns.push_back(std::to_string(head));
  return fill(kind, blocks, members, columns, [&](const ScoredBlock& block) {
    return static_cast<std::size_t>(std::distance(heads.begin(), heads.find(*block.block.head)));
  });
}

std::string cell_text(const ScoredBlock* block, std::optional<double> shade, CellValue value,
                      int width, const TerminalStyle& style) {
  if (block == nullptr || !shade) return std::string(width + 1, ' ');
  const int step = level(*shade);
  std::string body = value == CellValue::order ? pad_left(std::to_string(*block->order), width)
                                               : repeat(shading[step], width);
  if (style.colour) {
    if (value == CellValue::score) body = std::string(width, ' ');
    body = fmt::format("\x1b[48;5;{}m\x1b[38;5;{}m{}\x1b[0m", background[step], foreground[step],
                       body);
  }
  return body + (block->selected ? "*" : " ");
}

std::string swatch(std::size_t step, const TerminalStyle& style) {
  return style.colour ? fmt::format("\x1b[48;5;{}m  \x1b[0m", background[step])
                      : repeat(shading[step], 2);
}

std::string legend(const std::vector<ScoredBlock>& blocks, CellValue value,
                   const TerminalStyle& style) {
  std::string text;
  if (value == CellValue::order) {
    text = "numbers: order of choice";
  } else {
    const ShadeScale scale = shade_scale(blocks);
    text = "score from";
    for (std::size_t i = 0; i < shading.size(); ++i) {
      text += fmt::format("  {} {}", swatch(i, style),
                          format_number(scale.score(static_cast<double>(i) / 5), 2));
    }
  }
  const bool chosen = std::any_of(blocks.begin(), blocks.end(),
                                  [](const ScoredBlock& block) { return block.selected; });
  return text + (chosen ? "   * chosen" : "") + "\n";
}

void append_grid(std::string& out, const HeadGrid& grid, const std::vector<ScoredBlock>& blocks,
                 const std::vector<std::optional<double>>& shade, CellValue value,
                 const TerminalStyle& style) {
  std::size_t cell = 2;
  for (const auto& block : blocks) {
    if (value == CellValue::order && block.order) {
      const std::size_t digits = std::to_string(*block.order).size();
      cell = std::max(cell, digits == 1 ? digits : digits + 1);  // a blank between long ones
    }
  }
  for (const auto& name : grid.columns) cell = std::max<std::size_t>(cell, display_width(name));
  const int width = static_cast<int>(cell);
  int label_width = display_width("layer");
  for (const int layer : grid.layers) {
    label_width = std::max(label_width, static_cast<int>(std::to_string(layer).size()));
  }
  const auto per_band =
      static_cast<std::size_t>(std::max(1, (style.width - label_width - 1) / (width + 1)));
  for (std::size_t begin = 0; begin < grid.columns.size(); begin += per_band) {
    const std::size_t end = std::min(grid.columns.size(), begin + per_band);
    std::string header = pad_right("layer", label_width + 1);
    for (std::size_t c = begin; c < end; ++c) header += pad_left(grid.columns[c], width) + " ";
    header.erase(header.find_last_not_of(' ') + 1);
    out += header + '\n';
    for (std::size_t r = 0; r < grid.layers.size(); ++r) {
      std::string line = pad_left(std::to_string(grid.layers[r]), label_width) + " ";
      for (std::size_t c = begin; c < end; ++c) {
        const auto index = grid.cells[r * grid.columns.size() + c];
        line += index < 0 ? std::string(width + 1, ' ')
                          : cell_text(&blocks[index], shade[index], value, width, style);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
  }
}

}  // namespace

std::vector<HeadGrid> arrange(const std::vector<ScoredBlock>& blocks) {
  std::vector<std::string> kinds;
  for (const auto& block : blocks) {
    if (std::find(kinds.begin(), kinds.end(), block.block.kind) == kinds.end()) {
      kinds.push_back(block.block.kind);
    }
  }
  std::vector<HeadGrid> grids;
  std::vector<std::ptrdiff_t> without;
  std::vector<std::string> kinds_without;
  for (const auto& kind : kinds) {
    std::vector<std::ptrdiff_t> members;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].block.kind != kind) continue;
      (blocks[i].block.head ? members : without).push_back(static_cast<std::ptrdiff_t>(i));
      if (!blocks[i].block.head && (kinds_without.empty() || kinds_without.back() != kind)) {
        kinds_without.push_back(kind);
      }
    }
    if (!members.empty()) grids.push_back(heads_of_kind(kind, blocks, members));
  }
  if (!without.empty()) {
    grids.push_back(fill("", blocks, without, kinds_without, [&](const ScoredBlock& block) {
      return static_cast<std::size_t>(
          std::find(kinds_without.begin(), kinds_without.end(), block.block.kind) -
          kinds_without.begin());
    }));
  }
  return grids;
}

double ShadeScale::shade(double score) const {
  if (!(high > low)) return 0;
  const double share = (score - low) / (high - low);
  return root ? std::sqrt(share) : share;
}

double ShadeScale::score(double shade) const {
  return low + (high - low) * (root ? shade * shade : shade);
}

ShadeScale shade_scale(const std::vector<ScoredBlock>& blocks) {
  ShadeScale scale;
  bool any = false;
  for (const auto& block : blocks) {
    if (!std::isfinite(block.score)) continue;
    scale.low = std::min(scale.low, block.score);
    scale.high = any ? std::max(scale.high, block.score) : block.score;
    any = true;
  }
  scale.high = std::max(scale.low, scale.high);
  scale.root = scale.low == 0;
  return scale;
}

std::vector<std::optional<double>> shades(const std::vector<ScoredBlock>& blocks, CellValue value) {
  std::vector<std::optional<double>> result(blocks.size());
  const ShadeScale scale = shade_scale(blocks);
  int last = 0;
  for (const auto& block : blocks) last = std::max(last, block.order.value_or(0));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (value == CellValue::order) {
      if (blocks[i].order) result[i] = 1 - (*blocks[i].order - 1.0) / last;
    } else if (std::isfinite(blocks[i].score)) {
      result[i] = scale.shade(blocks[i].score);
    }
  }
  return result;
}

std::string head_map(const std::vector<ScoredBlock>& blocks, CellValue value,
                     const TerminalStyle& style) {
  const auto shade = shades(blocks, value);
  std::string out;
  for (const auto& grid : arrange(blocks)) {
    if (!grid.kind.empty()) out += printable(grid.kind) + " heads\n";
    append_grid(out, grid, blocks, shade, value, style);
  }
  return out.empty() ? out : out + legend(blocks, value, style);
}

}  // namespace sextant::report
