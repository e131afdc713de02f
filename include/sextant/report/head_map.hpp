#pragma once

/// Scores of blocks laid out as layers x heads.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/report/table.hpp"

namespace sextant::report {

/// One block with its score. A block outside the ranking has no score (NaN) and no order.
struct ScoredBlock {
  geometry::Block block = {};
  double score = 0;               ///< Finite, or NaN for none.
  bool selected = false;          ///< Belongs to the chosen blocks.
  std::optional<int> order = {};  ///< From 1, where blocks were chosen one after the other.
};

/// What the cells of a map show: the score, or the order of choice (1 the darkest), for selections
/// whose scores belong to steps and not to blocks.
enum class CellValue { score, order };

/// One rectangle of cells: the heads of one kind of block, or all kinds without heads side by side.
struct HeadGrid {
  std::string kind = {};                  ///< Empty for the grid of kinds without heads.
  std::vector<int> layers = {};           ///< Rows, ascending; only layers that occur.
  std::vector<std::string> columns = {};  ///< Head numbers, or kinds.
  /// [rows * columns], row by row: index into the blocks, or -1 where there is none.
  std::vector<std::ptrdiff_t> cells = {};
};

/// Arranges blocks in grids, kinds in the order of their first block. Blocks of one
/// layer and kind without a head, or with the same, stand side by side in columns "name (1)",
/// "name (2)", in their order.
std::vector<HeadGrid> arrange(const std::vector<ScoredBlock>& blocks);

/// From scores to shades. Scores without negative values, which are often many small ones beside a
/// few large ones, are shaded by their square root, others linearly.
struct ShadeScale {
  double low = 0;     ///< min(0, lowest finite score); shade 0.
  double high = 0;    ///< Highest finite score, at least `low`; shade 1.
  bool root = false;  ///< Shade = sqrt((score - low) / (high - low)) instead of the ratio itself.

  /// In [0, 1] for scores in [low, high]; 0 when low = high.
  double shade(double score) const;
  /// The score whose shade is `shade`.
  double score(double shade) const;
};

/// The scale of all finite scores; zero everywhere when there is none.
ShadeScale shade_scale(const std::vector<ScoredBlock>& blocks);

/// The shade of each block in [0, 1] (1 the highest score or the first choice), or nothing where
/// there is nothing to show.
std::vector<std::optional<double>> shades(const std::vector<ScoredBlock>& blocks, CellValue value);

/// The map for a terminal: one row per layer, two characters of shading (or the order) per head and
/// a "*" behind chosen blocks, so that it reads without colour; wide models continue in further
/// bands of heads. A legend gives the score at which each shade begins. Empty when there are no
/// blocks.
std::string head_map(const std::vector<ScoredBlock>& blocks, CellValue value,
                     const TerminalStyle& style);

}  // namespace sextant::report
