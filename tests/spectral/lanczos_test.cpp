/// Lanczos quadrature and stochastic traces against dense algebra.

#include "sextant/spectral/lanczos.hpp"

#include <doctest/doctest.h>

#include <Eigen/QR>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"
#include "support/close.hpp"
#include "support/spectra.hpp"

using namespace sextant;
using namespace sextant::spectral;
using sextant::test::close;

namespace {

double dense_value(const Eigensystem& system, const Eigen::VectorXd& v,
                   const std::function<double(double)>& f) {
  const Eigen::VectorXd rotated = system.rotate(v);
  double sum = 0;
  for (Eigen::Index i = 0; i < system.size(); ++i) {
    sum += rotated[i] * rotated[i] * f(system.values[i]);
  }
  return sum;
}

double dense_trace(const Eigensystem& system, const std::function<double(double)>& f) {
  double sum = 0;
  for (const double l : system.values) sum += f(l);
  return sum;
}

}  // namespace

TEST_CASE("kernels from features multiply as the dense kernel does, on any number of threads") {
  Random random(1);
  const Eigen::MatrixXd one = normal_matrix(5000, 7, random);
  const Eigen::MatrixXd two = normal_matrix(5000, 3, random);
  const FeatureKernel kernel({&one, &two}, {2.0, 0.5});
  const Eigen::MatrixXd columns = normal_matrix(5000, 2, random);
  const Eigen::MatrixXd expected =
      2.0 * (one * (one.transpose() * columns)) + 0.5 * (two * (two.transpose() * columns));
  set_threads(1);
  const Eigen::MatrixXd serial = kernel.apply(columns);
  set_threads(0);
  CHECK(kernel.apply(columns) == serial);
  CHECK((serial - expected).norm() < 1e-12 * expected.norm());
  CHECK(*kernel.trace() == close(2.0 * one.squaredNorm() + 0.5 * two.squaredNorm()));
  CHECK_THROWS_AS(kernel.apply(columns.topRows(3)), ArgumentError);
  CHECK_THROWS_AS(FeatureKernel({}), ArgumentError);
  const Eigen::MatrixXd other = one.topRows(9);
  CHECK_THROWS_AS(FeatureKernel({&one, &other}), ArgumentError);
  CHECK_THROWS_AS(FeatureKernel({&one}, {-1.0}), ArgumentError);
}

TEST_CASE("the quadrature is exact for polynomials up to its degree") {
  Random random(2);
  const Eigen::MatrixXd k = test::kernel_with(Eigen::VectorXd::LinSpaced(30, 2, 0.01), random);
  const Eigensystem system = decompose(k);
  const Eigen::VectorXd v = normal_vector(30, random);
  for (const Eigen::Index steps : {1, 2, 5, 9}) {
    const LanczosQuadrature quadrature = lanczos_quadrature(DenseKernel(k), v, steps);
    CHECK(quadrature.steps == steps);
    CHECK_FALSE(quadrature.exhausted);
    CHECK(quadrature.weights.sum() == close(v.squaredNorm()));
    for (int degree = 0; degree <= 2 * steps - 1; ++degree) {
      const auto power = [&](double l) { return std::pow(l, degree); };
      CHECK(quadrature_value(quadrature, power) == close(dense_value(system, v, power), 1e-10));
    }
  }
}

TEST_CASE("Gauss and Gauss-Radau bracket smooth functions and close in on them") {
  Random random(3);
  const Eigen::MatrixXd k =
      test::kernel_with(Eigen::VectorXd::LinSpaced(40, 1, 40).cwiseInverse(), random);
  const Eigensystem system = decompose(k);
  const Eigen::VectorXd v = normal_vector(40, random);
  const std::function<double(double)> functions[] = {[](double l) { return std::log(l + 0.1); },
                                                     [](double l) { return std::exp(-2 * l); },
                                                     [](double l) { return 1 / (l + 0.05); }};
  for (const auto& f : functions) {
    const double exact = dense_value(system, v, f);
    double width = HUGE_VAL;
    for (const Eigen::Index steps : {2, 4, 8}) {
      const LanczosQuadrature quadrature = lanczos_quadrature(DenseKernel(k), v, steps);
      const double gauss = quadrature_value(quadrature, f);
      const double radau =
          quadrature_value({quadrature.radau_nodes, quadrature.radau_weights, 0, false, {}, {}}, f);
      const double slack = 1e-12 * std::abs(exact);
      CHECK(std::min(gauss, radau) <= exact + slack);
      CHECK(std::max(gauss, radau) >= exact - slack);
      CHECK(std::abs(gauss - radau) < width);
      width = std::abs(gauss - radau) + slack;
    }
  }
}

TEST_CASE("degenerate kernels exhaust the Krylov space and are exact") {
  Random random(4);
  const Eigen::VectorXd v = normal_vector(12, random);
  Eigen::VectorXd values = Eigen::VectorXd::Zero(12);
  values.head(3) << 5, 2, 2;
  for (const Eigen::VectorXd& spectrum : {Eigen::VectorXd(Eigen::VectorXd::Zero(12)),
                                          Eigen::VectorXd(Eigen::VectorXd::Ones(12)), values}) {
    const Eigen::MatrixXd k = test::kernel_with(spectrum, random);
    const LanczosQuadrature quadrature = lanczos_quadrature(DenseKernel(k), v, 12);
    CHECK(quadrature.exhausted);
    CHECK(quadrature.steps <= 4);
    const auto f = [](double l) { return 1 / (1 + l); };
    CHECK(quadrature_value(quadrature, f) == close(dense_value(decompose(k), v, f), 1e-10));
  }
  const Eigen::MatrixXd k = Eigen::MatrixXd::Identity(12, 12);
  CHECK(lanczos_quadrature(DenseKernel(k), Eigen::VectorXd::Zero(12), 3).nodes.size() == 0);
  CHECK_THROWS_AS(lanczos_quadrature(DenseKernel(k), v, 0), ArgumentError);
  CHECK_THROWS_AS(lanczos_quadrature(DenseKernel(k), v.head(3), 2), ArgumentError);
}

TEST_CASE("the unit of the kernel changes nothing but the nodes") {
  Random random(9);
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(40, 1, 1e-6);
  const Eigen::MatrixXd k = test::kernel_with(values, random);
  const Eigen::VectorXd v = normal_vector(40, random);
  const LanczosQuadrature quadrature = lanczos_quadrature(DenseKernel(k), v, 12);
  for (const int power : {-200, -60, -20, 25, 60, 200}) {
    const double c = std::ldexp(1.0, power);
    CAPTURE(power);
    const Eigen::MatrixXd scaled = c * k;
    const LanczosQuadrature other = lanczos_quadrature(DenseKernel(scaled), v, 12);
    CHECK(other.nodes == c * quadrature.nodes);
    CHECK(other.weights == quadrature.weights);
    CHECK(other.radau_nodes == c * quadrature.radau_nodes);
    CHECK(other.radau_weights == quadrature.radau_weights);
  }
}

TEST_CASE("a large kernel proportional to the identity up to rounding has one eigenvalue") {
  Random random(10);
  const Eigen::MatrixXd features =
      Eigen::HouseholderQR<Eigen::MatrixXd>(normal_matrix(300, 300, random)).householderQ();
  for (const double c : {1e-9, 1.0, 3e7}) {
    CAPTURE(c);
    const KrylovSpace space(FeatureKernel({&features}, {c}), normal_vector(300, random), 30);
    const LanczosQuadrature quadrature = space.quadrature();
    for (const double node : quadrature.nodes) CHECK(node == close(c));
  }
}

TEST_CASE("filters and solutions from one space are those of the dense kernel") {
  Random random(8);
  const Eigen::MatrixXd k =
      test::kernel_with(Eigen::VectorXd::LinSpaced(60, 1, 60).cwiseInverse(), random);
  const Eigensystem system = decompose(k);
  const Eigen::VectorXd v = normal_vector(60, random);
  const DenseKernel kernel(k);
  const KrylovSpace space(kernel, v, 25);
  const auto dense = [&](const std::function<double(double)>& f) -> Eigen::VectorXd {
    return system.rotate_back(system.values.unaryExpr(f).cwiseProduct(system.rotate(v)));
  };
  const auto cubic = [](double l) { return 1 - 3 * l + l * l * l; };
  CHECK((space.apply(cubic) - dense(cubic)).norm() < 1e-12 * v.norm());
  const auto flow = [](double l) { return std::exp(-4 * l); };
  CHECK((space.apply(flow) - dense(flow)).norm() < 1e-10 * v.norm());
  for (const double shift : {0.001, 0.1, 5.0}) {
    CAPTURE(shift);
    for (const Eigen::Index steps : {3, 10, 25}) {
      const KrylovSpace some(kernel, v, steps);
      const Eigen::VectorXd x = some.apply([shift](double l) { return 1 / (l + shift); });
      const double residual = (k * x + shift * x - v).norm() / v.norm();
      CHECK(std::abs(some.solve_residual(shift) - residual) < 1e-10);
    }
  }
  const KrylovSpace whole(kernel, v, 60);
  CHECK(whole.exhausted());
  const auto inverse = [](double l) { return 1 / (l + 1e-3); };
  CHECK((whole.apply(inverse) - dense(inverse)).norm() < 1e-8 * dense(inverse).norm());
  CHECK(KrylovSpace(kernel, Eigen::VectorXd::Zero(60), 5).steps() == 0);
  CHECK_THROWS_AS(space.solve_residual(0), ArgumentError);
}

TEST_CASE("traces lie in their intervals at the stated rate") {
  Random random(5);
  const Eigen::MatrixXd k =
      test::kernel_with(Eigen::VectorXd::LinSpaced(50, 1, 50).cwiseInverse(), random);
  const Eigensystem system = decompose(k);
  const auto f = [](double l) { return std::log1p(-0.5 * l); };
  const double exact = dense_trace(system, f);
  const double quantile =
      boost::math::quantile(boost::math::students_t_distribution<double>(11), 0.975);
  const int seeds = 500;
  int lanczos_inside = 0;
  int hutchinson_inside = 0;
  double hutchinson_variance = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const StochasticEstimate lanczos =
        stochastic_trace(DenseKernel(k), f, {12, 25, static_cast<std::uint64_t>(seed)});
    lanczos_inside += std::abs(lanczos.value - exact) <= quantile * lanczos.standard_error;
    const StochasticEstimate plain = hutchinson_trace(
        50, [&](const auto& columns) -> Eigen::MatrixXd { return k * columns; }, 12,
        static_cast<std::uint64_t>(seed));
    hutchinson_inside += std::abs(plain.value - k.trace()) <= quantile * plain.standard_error;
    hutchinson_variance += std::pow(plain.value - k.trace(), 2) / seeds;
  }
  // 95% of 500, four binomial standard deviations on either side; sums of signs are not normal, so
  // the rate is only near 95%.
  CHECK(lanczos_inside > 0.91 * seeds);
  CHECK(lanczos_inside < 0.99 * seeds);
  CHECK(hutchinson_inside > 0.91 * seeds);
  CHECK(hutchinson_inside < 0.99 * seeds);
  const double off_diagonal = k.squaredNorm() - k.diagonal().squaredNorm();
  CHECK(hutchinson_variance == close(2 * off_diagonal / 12, 0.3));
  // A diagonal matrix leaves nothing to chance.
  const Eigen::MatrixXd diagonal = Eigen::VectorXd::LinSpaced(9, 1, 3).asDiagonal();
  const StochasticEstimate sure = hutchinson_trace(
      9, [&](const auto& columns) -> Eigen::MatrixXd { return diagonal * columns; }, 3);
  CHECK(sure.value == close(18.0));
  CHECK(sure.standard_error < 1e-14);
  CHECK_THROWS_AS(stochastic_trace(DenseKernel(k), f, {0, 5, 1}), ArgumentError);
}

TEST_CASE("probes that iterate side by side and end at different steps do not mix") {
  // Blocks s [1 1; 1 1]: two equal signs lie in the range, two different ones in the null space, so
  // that a probe's Krylov space has one to four dimensions and its form one of eight values.
  const Eigen::Vector3d scales(0.5, 1.5, 4.0);
  Eigen::MatrixXd k = Eigen::MatrixXd::Zero(6, 6);
  for (Eigen::Index b = 0; b < 3; ++b) k.block(2 * b, 2 * b, 2, 2).setConstant(scales[b]);
  const auto f = [](double l) { return std::exp(-l); };
  std::set<int> patterns;
  double sum = 0;
  for (int probes = 1; probes <= 20; ++probes) {
    const double total = probes * stochastic_trace(DenseKernel(k), f, {probes, 6, 1}).value;
    int found = -1;
    for (int pattern = 0; pattern < 8; ++pattern) {
      double form = 0;
      for (int b = 0; b < 3; ++b) form += 2 * f((pattern >> b & 1) != 0 ? 2 * scales[b] : 0.0);
      if (std::abs(total - sum - form) < 1e-12) found = pattern;
    }
    CHECK(found >= 0);
    patterns.insert(found);
    sum = total;
  }
  CHECK(patterns.size() >= 5);
  Random random(9);
  const Eigen::MatrixXd features = normal_matrix(5000, 6, random);
  set_threads(1);
  const double serial = stochastic_trace(FeatureKernel({&features}), f, {11, 5, 1}).value;
  set_threads(0);
  CHECK(stochastic_trace(FeatureKernel({&features}), f, {11, 5, 1}).value == serial);
}

TEST_CASE("the largest eigenvalue from products is that of the matrix") {
  Random random(6);
  for (const test::NamedSpectrum& spectrum : test::spectra(random)) {
    CAPTURE(spectrum.name);
    const Eigen::MatrixXd k = test::kernel_with(spectrum.values, random);
    const LargestEigenvalue top = largest_eigenvalue(DenseKernel(k));
    CHECK(top.value == close(decompose(k).largest(), 1e-12));
  }
  const Eigen::MatrixXd features = normal_matrix(300, 200, random);
  const LargestEigenvalue short_run = largest_eigenvalue(FeatureKernel({&features}), 3);
  CHECK(short_run.products == 3);
  const double exact = decompose(Eigen::MatrixXd(features.transpose() * features)).largest();
  CHECK(short_run.value <= exact);
  CHECK(short_run.residual > 0);
  CHECK(largest_eigenvalue(FeatureKernel({&features})).value == close(exact, 1e-11));
}
