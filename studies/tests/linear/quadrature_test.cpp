/// Averages over contexts by exact quadrature: for few examples and coordinates every coefficient
/// of a risk is a polynomial in a few normal variables.

#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "linear/simulation.hpp"
#include "sextant/studies/linear/one_step.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::linear;
using sextant::test::close;

namespace {

/// Nodes and weights for means over a standard normal variable, exact up to degree 15: eigenvalues
/// of the Jacobi matrix of the Hermite polynomials.
struct Hermite {
  static constexpr int count = 8;
  Eigen::VectorXd nodes;
  Eigen::VectorXd weights;

  Hermite() {
    Eigen::MatrixXd jacobi = Eigen::MatrixXd::Zero(count, count);
    for (int i = 1; i < count; ++i) jacobi(i, i - 1) = std::sqrt(static_cast<double>(i));
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(jacobi);
    nodes = solver.eigenvalues();
    weights = solver.eigenvectors().row(0).array().square();
  }
};

/// Calls `visit` with every node of `size` normal variables and its weight.
void for_each_node(Eigen::Index size,
                   const std::function<void(const Eigen::VectorXd&, double)>& visit) {
  const Hermite hermite;
  std::vector<int> index(static_cast<std::size_t>(size), 0);
  Eigen::VectorXd z(size);
  while (true) {
    double weight = 1;
    for (Eigen::Index i = 0; i < size; ++i) {
      z[i] = hermite.nodes[index[static_cast<std::size_t>(i)]];
      weight *= hermite.weights[index[static_cast<std::size_t>(i)]];
    }
    visit(z, weight);
    std::size_t place = 0;
    while (place < index.size() && ++index[place] == Hermite::count) index[place++] = 0;
    if (place == index.size()) return;
  }
}

void check_by_quadrature(const Diagonal& setting, const Eigen::VectorXd& weights) {
  const Eigen::Index d = setting.beta.size();
  const Eigen::MatrixXd w0 = weights.asDiagonal();
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(8);
  for_each_node(setting.n * (d + 1), [&](const Eigen::VectorXd& z, double weight) {
    Eigen::VectorXd u = Eigen::VectorXd::Zero(d);
    for (Eigen::Index i = 0; i < setting.n; ++i) {
      const Eigen::VectorXd x =
          z.segment(i * (d + 1), d).cwiseProduct(setting.input_variances.cwiseSqrt());
      u += x * (x.dot(setting.beta) + std::sqrt(setting.sigma2) * z[i * (d + 1) + d]);
    }
    const ContextRisks given = one_step_given_context(setting, w0, u);
    Eigen::Index j = 0;
    for (const StepRisk& risk : {given.same_context, given.fresh_context}) {
      for (const double value :
           {risk.initial, risk.slope, risk.curvature_per_sample, risk.curvature_fixed}) {
        sums[j++] += weight * value;
      }
    }
  });
  const ContextRisks exact = one_step(setting, weights);
  Eigen::Index j = 0;
  for (const StepRisk& risk : {exact.same_context, exact.fresh_context}) {
    for (const double value :
         {risk.initial, risk.slope, risk.curvature_per_sample, risk.curvature_fixed}) {
      CAPTURE(j);
      CHECK(value == close(sums[j++], 1e-11));
    }
  }
}

}  // namespace

TEST_CASE("every coefficient is the exact mean over contexts, for very unequal variances") {
  Diagonal three{1, 4, Eigen::VectorXd(3), Eigen::VectorXd(3), .7};
  three.input_variances << 3, .2, 1;
  three.beta << .5, -2, 1;
  Eigen::VectorXd weights(3);
  weights << .3, .1, -.2;
  check_by_quadrature(three, weights);
  three.sigma2 = 0;
  check_by_quadrature(three, weights);
  Diagonal two{2, 4, Eigen::VectorXd(2), Eigen::VectorXd(2), .4};
  two.input_variances << 2.5, .3;
  two.beta << 1, 2;
  check_by_quadrature(two, weights.head(2));
  two.beta << 0, 0;
  check_by_quadrature(two, weights.head(2));
}
