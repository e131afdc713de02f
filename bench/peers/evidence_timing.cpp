/// Our side of evidence_peer.py: seconds from a kernel and residuals to the fit of the Gaussian
/// benchmark r ~ N(0, tau2 K + sigma2 I) and to its log likelihood at given variances, as JSON on
/// standard output. The geometry is loaded before the clock starts.

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <string>

#include "sextant/evidence/benchmark_fit.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/file.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "startup/blas_kernels.hpp"
#include "timing_program.hpp"

namespace {

struct Options {
  std::string geometry;
  double tau2 = 1;
  double sigma2 = 1;
};

void run(const Options& options) {
  const auto geometry = sextant::geometry::read_geometry(options.geometry);
  const Eigen::MatrixXd kernel = sextant::geometry::summed_kernel(geometry);
  const auto n = static_cast<double>(geometry.examples());
  const double constant = std::log(2 * std::numbers::pi) / 2;
  double decomposition = 0;
  double value_seconds = 0;
  double fit_seconds = 0;
  double log_likelihood = 0;
  sextant::evidence::BenchmarkFit fit;
  // The first round meets cold caches and is not timed, as the peers' is not.
  for (int round = 0; round < 2; ++round) {
    auto begin = sextant::bench::Clock::now();
    const auto system = sextant::spectral::decompose(kernel);
    const Eigen::VectorXd rotated = system.rotate(geometry.residuals);
    decomposition = sextant::bench::seconds_since(begin);
    begin = sextant::bench::Clock::now();
    const Eigen::ArrayXd variances = options.tau2 * system.values.array() + options.sigma2;
    log_likelihood =
        -(variances.log() + rotated.array().square() / variances).sum() / 2 - n * constant;
    value_seconds = sextant::bench::seconds_since(begin);
    begin = sextant::bench::Clock::now();
    fit = sextant::evidence::fit_benchmark(system.values, rotated);
    fit_seconds = sextant::bench::seconds_since(begin);
  }
  fmt::print(
      "{{\"decomposition_seconds\": {:.6e}, \"value_seconds\": {:.6e}, \"fit_seconds\": {:.6e}, "
      "\"log_likelihood\": {:.17g}, \"tau2\": {:.17g}, \"sigma2\": {:.17g}, "
      "\"fitted_log_likelihood\": {:.17g}}}\n",
      decomposition, value_seconds, fit_seconds, log_likelihood, fit.benchmark.tau2,
      fit.benchmark.sigma2, -n * (fit.evidence + constant));
}

}  // namespace

int main(int argc, char** argv) {
  sextant::startup::choose_blas_kernels();
  Options options;
  CLI::App app("Times the fit of the Gaussian benchmark", "evidence_timing");
  app.add_option("--geometry", options.geometry, "Geometry file")->required();
  app.add_option("--tau2", options.tau2, "Prior variance of the log likelihood")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--sigma2", options.sigma2, "Observation variance of the log likelihood")
      ->check(CLI::PositiveNumber);
  return sextant::bench::run_timing(app, argc, argv, [&] { run(options); });
}
