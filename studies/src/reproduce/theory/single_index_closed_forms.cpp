#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sextant/studies/presentation/study_charts.hpp"
#include "sextant/studies/single_index/risk.hpp"
#include "simulation.hpp"
#include "single_index_cells.hpp"

namespace sextant::studies::reproduce::theory {
namespace {

using Eigen::Index;
using Eigen::VectorXd;
using single_index::Attention;

struct ClosedFormLine {
  std::string quantity;
  double exact, simulated, error;
};

void compare(std::vector<ClosedFormLine>& lines, std::vector<double>& scores, std::string quantity,
             double exact, const RunningMean& mean) {
  lines.push_back({std::move(quantity), exact, mean.value(), mean.standard_error()});
  scores.push_back(mean.score(exact));
}

}  // namespace

TheorySection single_index_closed_forms(const SingleIndexOptions& options) {
  constexpr int draws = 400'000;
  constexpr double sigma2 = 0.01;
  TheorySection section;
  section.title = "Closed forms against drawn data";
  section.statement =
      "Coefficients h1, h2, h3 of a weak attention for keys with and without labels (k1), and the "
      "exact excess error of a readout of <u, x>, each against 400,000 draws. k1 = 0.5 makes h2 "
      "large with a sign that does not depend on c; with k1 = 0 it vanishes at c = 0.";
  std::vector<ClosedFormLine> lines;
  std::vector<double> scores;
  std::uint64_t stream = 0;
  for (const double gain : {0.5, 0.0}) {
    for (const double c : {-0.5, 0.0, 0.5}) {
      const Attention attention{3, 1, gain};
      const auto exact =
          single_index::attention_coefficients(attention, generators::LinkFamily::cubic, c, sigma2);
      Random random(options.seed + 2, stream++);
      // h1 is a covariance: centre by the exact means' estimates from a first pass.
      std::vector<std::array<double, 3>> drawn(draws);
      double label = 0, key = 0;
      for (auto& [ty, kap, z] : drawn) {
        z = random.normal();
        const double y = generators::link_value(generators::LinkFamily::cubic, c, z) +
                         std::sqrt(sigma2) * random.normal();
        ty = std::clamp(y, -3.0, 3.0);
        kap = attention.key_offset + gain * ty;
        label += ty / draws;
        key += kap * z / draws;
      }
      RunningMean h1, h2, h3;
      for (const auto& [ty, kap, z] : drawn) {
        h1.add((ty - label) * (kap * z - key));
        h2.add(ty * kap * kap * (z * z - 1) / 2);
        h3.add(ty * kap * kap * kap * z * (z * z - 3) / 6);
      }
      const std::string at = fmt::format(", k1 = {}, c = {}", gain, c);
      compare(lines, scores, "h1" + at, exact.h1, h1);
      compare(lines, scores, "h2" + at, exact.h2, h2);
      compare(lines, scores, "h3" + at, exact.h3, h3);
    }
  }
  for (const double overlap : {1.0, 0.9, 0.4}) {
    const generators::SingleIndexTask task{VectorXd::Ones(1), 0.3, generators::LinkFamily::cubic,
                                           0};
    const auto f = [](const VectorXd& s) {
      return VectorXd((s.array() - 1).max(0.0) - 2 * (-s.array()).max(0.0) + 0.5);
    };
    const double exact = single_index::excess_risk(task, overlap, f);
    Random random(options.seed + 2, stream++);
    VectorXd z(draws), s(draws);
    for (Index i = 0; i < draws; ++i) {
      z[i] = random.normal();
      s[i] = overlap * z[i] + std::sqrt(1 - overlap * overlap) * random.normal();
    }
    const VectorXd predicted = f(s);
    RunningMean mean;
    for (Index i = 0; i < draws; ++i) mean.add(std::pow(task.signal(z[i]) - predicted[i], 2));
    compare(lines, scores, fmt::format("excess error, overlap {}", overlap), exact, mean);
  }
  report::Table table;
  table.text_of("quantity", lines, &ClosedFormLine::quantity)
      .numbers_of("exact", lines, &ClosedFormLine::exact, 5);
  table.numbers_of("drawn", lines, &ClosedFormLine::simulated, 5);
  section.tables = {{"Quadrature and draws",
                     table.numbers_of("standard error", lines, &ClosedFormLine::error, 2)}};
  section.findings = {score_finding("Closed forms", scores)};
  return section;
}

}  // namespace sextant::studies::reproduce::theory
