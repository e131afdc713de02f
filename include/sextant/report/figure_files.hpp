#pragma once

/// Figures as files of their own: the data as CSV, the drawing as SVG.

#include <filesystem>
#include <string>
#include <vector>

#include "sextant/report/chart.hpp"

namespace sextant::report {

/// Draws specifications (with their data) as SVG documents, in their order, 640 wide.
///
/// The same libraries draw as in the HTML report; they run in Node.js, which is looked for on PATH
/// as `node`. Throws `Error` when there is none or it fails. About 0.3 s, plus some hundredths for
/// each chart; deterministic for one version of Node.js.
std::vector<std::string> draw_svg(const std::vector<OrderedJson>& specifications);

/// Writes NAME.csv and NAME.svg for every panel of `figures` into `directory`, which is made when
/// it does not exist (NAME: `panel_name`); files of these names are replaced. Returns a warning, or
/// nothing: where no SVG can be drawn, the CSV files are written all the same and the warning says
/// why. Throws `InputError` when a file cannot be written.
std::string write_figures(const std::filesystem::path& directory,
                          const std::vector<Figure>& figures);

}  // namespace sextant::report
