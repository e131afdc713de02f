#pragma once

/// Charts as Vega-Lite 4 specifications with their data.
///
/// A chart's numbers stand once, in a `Table`; the specification refers to its columns by header.
/// The report puts both together and offers the table as CSV. Widths are left to the page
/// ("container"). Colours are from the Okabe-Ito set, and nothing is told by colour alone.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sextant/report/head_map.hpp"
#include "sextant/report/table.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::report {

/// One Vega-Lite specification without its data, and the data.
struct Panel {
  OrderedJson specification = {};
  Table data = {};  ///< Headers are plain identifiers: they are field names of the specification.
};

/// What stands under one caption: panels from top to bottom. A figure without panels shows its
/// caption alone.
struct Figure {
  std::string title = {};
  std::string caption = {};  ///< What is shown and what to conclude, in plain text.
  std::string name = {};     ///< Stem of the CSV files, such as "evidence".
  std::vector<Panel> panels = {};
};

/// The stem of a panel's own files: the figure's name, with a number from 1 where it has several
/// panels.
std::string panel_name(const Figure& figure, std::size_t index);

/// The panel's specification with its data inside, ready for Vega-Lite. Numbers that are not finite
/// are null.
OrderedJson with_data(const Panel& panel);

/// Layers x heads, one panel per kind of block; chosen blocks carry a ring and a dot, or with
/// `CellValue::order` the number of their choice. `score_name` labels the scale.
Figure head_map_figure(const std::vector<ScoredBlock>& blocks, CellValue value,
                       const std::string& score_name);

/// The first `most` blocks as bars and all further chosen ones, in the order given (best first),
/// chosen ones in a darker colour; blocks without a score are left out.
Figure ranking_figure(const std::vector<ScoredBlock>& blocks, const std::string& score_name,
                      std::size_t most = 30);

/// The criterion after each choice, for selections that add block after block: `score` of the
/// blocks that have an order.
Figure selection_path_figure(const std::vector<ScoredBlock>& blocks,
                             const std::string& criterion_name);

/// The evidence of each candidate horizon (lower is better) over its Gibbs posterior, with T_MAP
/// marked in both. Equal lengths; `posterior` may be empty.
Figure evidence_figure(std::span<const double> horizons, std::span<const double> evidence,
                       std::span<const double> posterior, double t_map);

/// A filter g on the eigenvalues, in [0, 1].
struct NamedFilter {
  std::string name = {};  ///< "gradient descent, T = 9"
  std::vector<double> values = {};
};

/// Eigenvalues on a logarithmic scale (zeros drawn below it, with their own mark) over what each
/// filter keeps of each mode. `eigenvalues` in descending order, at least 0; filters of the same
/// length.
Figure spectrum_figure(std::span<const double> eigenvalues,
                       const std::vector<NamedFilter>& filters);

/// Each query's prediction: base, as the linear model expects it, as the adapted model gives it,
/// and the target where known.
Figure query_figure(const std::vector<ttt::QueryOutcome>& queries);

/// Residual norm of the labelled examples after each step, measured and as the linear model
/// predicts it. `steps` are the steps after which the norms were taken; equal lengths.
Figure residual_figure(std::span<const double> steps, std::span<const double> measured,
                       std::span<const double> predicted);

}  // namespace sextant::report
