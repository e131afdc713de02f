/// How the time of an evidence curve of 31 horizons grows with the number of examples n.
///
///     dense       a kernel of full rank -> eigen-decomposition -> curve
///     dense-512   features [n, 512] -> kernel -> eigen-decomposition -> curve
///     features    features [n, 512] -> their 512 x 512 Gram matrix -> curve
///     products    features [n, 512] -> Lanczos on products with the kernel -> curve
///
/// Prints CSV: path, n, median, lowest and highest seconds over the rounds, each of which visits
/// every path and size once; then one line of the fitted exponent for each path, from least squares
/// of log seconds on log n over its four largest sizes. One warm-up round does not count.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/evidence/products.hpp"
#include "sextant/spectral/dense_product.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/spectral/filters.hpp"
#include "startup/blas_kernels.hpp"

namespace {

using namespace sextant;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index rank = 512;

struct Options {
  int smallest = 7;
  int largest = 15;
  int largest_dense = 12;
  int rounds = 3;
  int threads = 0;
};

/// Features of falling size, so that the spectrum is not flat.
MatrixXd make_features(Index n, Index parameters) {
  MatrixXd result(n, parameters);
  parallel_for(parameters, [&](std::ptrdiff_t j) {
    Random random(1, static_cast<std::uint64_t>(j));
    for (double& value : result.col(j)) {
      value = random.normal() / std::sqrt(static_cast<double>(j + 1));
    }
  });
  return result;
}

/// Phi Phi', in columns that the threads share.
MatrixXd kernel_of(const MatrixXd& phi) {
  constexpr Index width = 128;
  const MatrixXd transposed = phi.transpose();
  MatrixXd kernel(phi.rows(), phi.rows());
  parallel_for((phi.rows() + width - 1) / width, [&](std::ptrdiff_t piece) {
    const Index first = piece * width;
    const Index count = std::min(width, phi.rows() - first);
    spectral::transposed_product(transposed, transposed.middleCols(first, count),
                                 kernel.middleCols(first, count));
  });
  return kernel;
}

std::vector<std::int64_t> horizons() {
  std::vector<std::int64_t> list(31);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// A result that the compiler cannot do without.
void use(const evidence::EvidenceCurve& curve) {
  if (!std::isfinite(curve.values.sum())) throw NumericalError("the curve is not finite");
}

void dense(const MatrixXd& kernel, const VectorXd& residuals) {
  const spectral::Eigensystem system = spectral::decompose(kernel);
  use(evidence::evidence_curve(system.values, system.rotate(residuals),
                               spectral::step_from_scale(system.largest()), horizons()));
}

void from(const evidence::LargeSpectrum& large) {
  use(evidence::evidence_curve(large.spectrum, large.rho, horizons()));
}

struct Path {
  std::string name;
  Index n;
  std::vector<double> seconds = {};
};

double time_once(const Path& path) {
  using Clock = std::chrono::steady_clock;
  const VectorXd residuals = make_features(path.n, 1).col(0);
  const bool full_rank = path.name == "dense";
  const MatrixXd phi = make_features(path.n, full_rank ? path.n : rank);
  const MatrixXd kernel = full_rank ? kernel_of(phi) : MatrixXd();
  const std::vector<const MatrixXd*> blocks = {&phi};
  const auto begin = Clock::now();
  if (full_rank) {
    dense(kernel, residuals);
  } else if (path.name == "dense-512") {
    dense(kernel_of(phi), residuals);
  } else if (path.name == "features") {
    from(evidence::spectrum_from_features(blocks, residuals));
  } else {
    from(evidence::spectrum_from_products(spectral::FeatureKernel(blocks), residuals));
  }
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// Prints the exponent of `name`, when it has the sizes to fit one.
void print_exponent(const std::string& name, const std::vector<Path>& paths) {
  constexpr Index sizes = 4;
  std::vector<const Path*> fitted;
  for (const Path& path : paths) {
    if (path.name == name) fitted.push_back(&path);
  }
  if (static_cast<Index>(fitted.size()) < sizes) return;
  fitted.erase(fitted.begin(), fitted.end() - sizes);
  MatrixXd design(sizes, 2);
  VectorXd times(sizes);
  for (Index i = 0; i < sizes; ++i) {
    const Path& path = *fitted[static_cast<std::size_t>(i)];
    design.row(i) << 1, std::log(static_cast<double>(path.n));
    times[i] = std::log(median(path.seconds));
  }
  const VectorXd fit = design.colPivHouseholderQr().solve(times);
  fmt::print("# {}: exponent {:.2f}, n = {} to {}\n", name, fit[1], fitted.front()->n,
             fitted.back()->n);
}

void run(const Options& options) {
  set_threads(options.threads);
  prepare_blas();
  const std::vector<std::string> names = {"dense", "dense-512", "features", "products"};
  std::vector<Path> paths;
  for (const std::string& name : names) {
    const bool is_dense = name.rfind("dense", 0) == 0;
    const int largest =
        is_dense ? std::min(options.largest, options.largest_dense) : options.largest;
    for (int power = options.smallest; power <= largest; ++power) {
      paths.push_back({name, Index{1} << power});
    }
  }
  for (int round = 0; round <= options.rounds; ++round) {
    for (Path& path : paths) {
      const double seconds = time_once(path);
      if (round > 0) path.seconds.push_back(seconds);
    }
  }
  fmt::print("path,n,seconds,lowest,highest\n");
  for (const Path& path : paths) {
    const auto [low, high] = std::minmax_element(path.seconds.begin(), path.seconds.end());
    fmt::print("{},{},{:.3e},{:.3e},{:.3e}\n", path.name, path.n, median(path.seconds), *low,
               *high);
  }
  for (const std::string& name : names) print_exponent(name, paths);
}

}  // namespace

int main(int argc, char** argv) {
  sextant::startup::choose_blas_kernels();
  Options options;
  CLI::App app("Times the evidence curve over the number of examples", "cost_curves");
  app.add_option("--smallest", options.smallest, "Smallest n is 2 to this")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  app.add_option("--largest", options.largest, "Largest n is 2 to this")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  app.add_option("--largest-dense", options.largest_dense, "The same where an n x n matrix is made")
      ->check(CLI::Range(1, 15))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Timings of each")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads to use; 0: one per core");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "cost_curves: {}\n", error.what());
    return error.exit_status();
  }
}
