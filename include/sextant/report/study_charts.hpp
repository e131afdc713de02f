#pragma once

/// Charts of studies: many tasks, several methods.

#include <string>
#include <vector>

#include "sextant/report/chart.hpp"

namespace sextant::report {

/// Values that belong together, told apart by name.
struct Sample {
  std::string name;
  std::vector<double> values;
};

/// The share of values at or below x, one line for each sample. Samples must not be empty.
Figure ecdf_figure(Figure figure, const std::vector<Sample>& samples, const std::string& x_title);

/// One line of means with error bars of one standard error.
struct MeanLine {
  std::string name;
  std::vector<double> x;
  std::vector<double> mean;
  std::vector<double> standard_error;
};

/// Lines with error bars; `logarithmic_x` for budgets that double. A rule is drawn at 0 when
/// `zero_rule`.
Figure lines_figure(Figure figure, const std::vector<MeanLine>& lines, const std::string& x_title,
                    const std::string& y_title, bool logarithmic_x, bool zero_rule);

/// A curve over fixed choices, and methods that choose by themselves as labelled points on it.
struct MarkedPoint {
  std::string name;
  double x = 0;
  double y = 0;
};
Figure marked_curve_figure(Figure figure, const MeanLine& curve,
                           const std::vector<MarkedPoint>& points, const std::string& x_title,
                           const std::string& y_title);

/// Points with the line y = x. Equal lengths.
Figure agreement_figure(Figure figure, const std::vector<double>& x, const std::vector<double>& y,
                        const std::vector<std::string>& group, const std::string& x_title,
                        const std::string& y_title);

}  // namespace sextant::report
