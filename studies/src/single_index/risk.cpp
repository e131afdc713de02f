#include "sextant/studies/single_index/risk.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "checks.hpp"

namespace sextant::studies::single_index {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

NormalQuadrature normal_quadrature(int count) {
  check_count("normal_quadrature", "count", count, 1, 256);
  // Golub and Welsch: the Jacobi matrix of the probabilists' Hermite polynomials.
  const VectorXd diagonal = VectorXd::Zero(count);
  VectorXd beside(count - 1);
  for (int i = 0; i + 1 < count; ++i) beside[i] = std::sqrt(i + 1.0);
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, beside);
  if (solver.info() != Eigen::Success) {
    throw NumericalError("normal_quadrature: the eigenproblem did not converge");
  }
  return {solver.eigenvalues(), solver.eigenvectors().row(0).cwiseAbs2()};
}

double excess_risk(const generators::SingleIndexTask& task, double overlap,
                   const std::function<VectorXd(const VectorXd&)>& f) {
  if (!(std::abs(overlap) <= 1)) {
    throw ArgumentError("excess_risk", "overlap", fmt::format("is {}, expected -1 to 1", overlap));
  }
  static const NormalQuadrature rule = normal_quadrature(120);
  const double across = std::sqrt((1 - overlap) * (1 + overlap));
  double sum = 0;
  for (Index i = 0; i < rule.nodes.size(); ++i) {
    const double z = rule.nodes[i];
    const VectorXd s = overlap * z + across * rule.nodes.array();
    const Eigen::ArrayXd error = task.signal(z) - f(s).array();
    sum += rule.weights[i] * (error.square() * rule.weights.array()).sum();
  }
  return sum;
}

double in_context_floor(const generators::SingleIndexFamily& family, double label_clip,
                        double scale) {
  constexpr std::string_view here = "in_context_floor";
  generators::check_family(here, family);
  check_positive(here, "scale", scale);
  if (!(label_clip > 0)) throw ArgumentError(here, "label_clip", "is not positive");
  const double g0 = scale / std::sqrt(static_cast<double>(family.rank));
  // Midpoints of equal mass in c; attention on a grid in z, and lines between for a finer one.
  constexpr int cs = 48, zs = 400, finer = 10;
  constexpr double end = 7;
  const NormalQuadrature noise = normal_quadrature(12);
  struct Point {
    double attention, signal, weight;
  };
  std::vector<Point> points;
  points.reserve(std::size_t{cs} * zs * finer);
  const double step = 2 * end / zs;
  for (int k = 0; k < cs; ++k) {
    const double c = family.link_spread * (2 * (k + 0.5) / cs - 1);
    // E clip(label) wherever a shifted input can be.
    const double reach = end * (1 + g0);
    VectorXd inputs = VectorXd::LinSpaced(static_cast<Index>(2 * reach / step) + 2, -reach, reach);
    const VectorXd labels = inputs.unaryExpr([&](double at) {
      const double signal = generators::link_value(family.link, c, at);
      const Eigen::ArrayXd label = signal + std::sqrt(family.sigma2) * noise.nodes.array();
      return noise.weights.dot(label.min(label_clip).max(-label_clip).matrix());
    });
    VectorXd attention(zs + 1);
    for (int i = 0; i <= zs; ++i) {
      // A tilted input is N(g0 z, 1).
      const Eigen::ArrayXd density =
          (-0.5 * (inputs.array() - g0 * (-end + step * i)).square()).exp();
      attention[i] = (density * labels.array()).sum() / density.sum();
    }
    for (int i = 0; i < zs * finer; ++i) {
      const double place = (i + 0.5) / finer;
      const auto left = static_cast<Index>(place);
      const double part = place - static_cast<double>(left);
      const double z = -end + step * place;
      points.push_back({(1 - part) * attention[left] + part * attention[left + 1],
                        generators::link_value(family.link, c, z), std::exp(-z * z / 2)});
    }
  }
  std::sort(points.begin(), points.end(),
            [](const Point& a, const Point& b) { return a.attention < b.attention; });
  double mass = 0;
  for (const Point& point : points) mass += point.weight;
  constexpr double bins = 200;
  double variance = 0;
  for (std::size_t first = 0; first < points.size();) {
    // Within a bin the signal's mean given attention is a line: what is left is its variance.
    double weight = 0, a = 0, s = 0, aa = 0, as = 0, ss = 0;
    std::size_t last = first;
    const double origin = points[first].attention;
    for (; last < points.size() && (last == first || weight < mass / bins); ++last) {
      const Point& point = points[last];
      const double from = point.attention - origin;
      weight += point.weight;
      a += point.weight * from;
      s += point.weight * point.signal;
      aa += point.weight * from * from;
      as += point.weight * from * point.signal;
      ss += point.weight * point.signal * point.signal;
    }
    if (weight > 0) {
      const double spread = aa - a * a / weight;
      const double common = as - a * s / weight;
      variance += ss - s * s / weight - (spread > 0 ? common * common / spread : 0);
    }
    first = last;
  }
  return variance / mass + family.sigma2;
}

}  // namespace sextant::studies::single_index
