#pragma once

/// Charts of studies: many tasks, several methods.

#include <optional>
#include <string>
#include <vector>

#include "sextant/report/chart.hpp"

namespace sextant::studies::presentation {

/// Values that belong together, told apart by name.
struct Sample {
  std::string name;
  std::vector<double> values;
};

/// The share of values at or below x, one line for each sample. Samples must not be empty.
report::Figure ecdf_figure(report::Figure figure, const std::vector<Sample>& samples,
                           const std::string& x_title);

/// One line of means with error bars of one standard error.
struct MeanLine {
  std::string name;
  std::vector<double> x;
  std::vector<double> mean;
  std::vector<double> standard_error;

  void add(double at, double value, double error = 0) {
    x.push_back(at);
    mean.push_back(value);
    standard_error.push_back(error);
  }
};

/// How lines are drawn. Logarithmic axes need positive values.
struct LineStyle {
  bool logarithmic_x = true;  ///< For budgets that double.
  bool logarithmic_y = false;
  std::optional<double> rule;  ///< A dashed line across, at the value that means no effect.
};

/// Lines with error bars.
report::Figure lines_figure(report::Figure figure, const std::vector<MeanLine>& lines,
                            const std::string& x_title, const std::string& y_title,
                            const LineStyle& style);

/// A curve over fixed choices, and methods that choose by themselves as labelled points on it.
struct MarkedPoint {
  std::string name;
  double x = 0;
  double y = 0;
};
report::Figure marked_curve_figure(report::Figure figure, const MeanLine& curve,
                                   const std::vector<MarkedPoint>& points,
                                   const std::string& x_title, const std::string& y_title);

/// Points with the line y = x. Equal lengths.
report::Figure agreement_figure(report::Figure figure, const std::vector<double>& x,
                                const std::vector<double>& y, const std::vector<std::string>& group,
                                const std::string& x_title, const std::string& y_title);

}  // namespace sextant::studies::presentation
