#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"

using namespace sextant;

// As cblas.h declares them, which the library alone includes.
extern "C" {
void openblas_set_num_threads(int threads);
int openblas_get_num_threads();
int openblas_get_parallel();
}

namespace {

const char* const core_type_at_start = std::getenv("OPENBLAS_CORETYPE");

}  // namespace

TEST_CASE("every index runs once, whatever the number of threads") {
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    CHECK(threads() == count);
    std::vector<int> visits(1000, 0);
    parallel_for(1000, [&](std::ptrdiff_t i) { ++visits[static_cast<std::size_t>(i)]; });
    CHECK(visits == std::vector<int>(1000, 1));
  }
  set_threads(0);
}

TEST_CASE("a nested loop runs serially and an exception of the smallest index comes out") {
  set_threads(3);
  std::atomic<int> total = 0;
  parallel_for(4, [&](std::ptrdiff_t) { parallel_for(5, [&](std::ptrdiff_t) { ++total; }); });
  CHECK(total == 20);
  CHECK_THROWS_WITH_AS(parallel_for(1, [](std::ptrdiff_t) { throw NumericalError("first"); }),
                       "first", NumericalError);
  CHECK_THROWS_AS(parallel_for(100, [](std::ptrdiff_t) { throw NumericalError("x"); }),
                  NumericalError);
  parallel_for(0, [](std::ptrdiff_t) { FAIL("no index to visit"); });
  set_threads(0);
  CHECK_THROWS_AS(set_threads(-1), ArgumentError);
}

TEST_CASE("random numbers: seeded, separate streams, right moments") {
  Random a(7);
  Random b(7);
  Random other(7, 1);
  int equal_to_other = 0;
  for (int i = 0; i < 100; ++i) {
    const auto value = a.bits();
    CHECK(value == b.bits());
    equal_to_other += value == other.bits();
  }
  CHECK(equal_to_other == 0);

  constexpr int count = 200'000;
  double mean = 0;
  double square = 0;
  double uniform = 0;
  std::vector<int> faces(6, 0);
  for (int i = 0; i < count; ++i) {
    const double z = a.normal();
    mean += z;
    square += z * z;
    uniform += a.uniform();
    ++faces[a.below(6)];
  }
  const double root = std::sqrt(double{count});
  CHECK(std::abs(mean / count) < 5 / root);  // five standard errors
  CHECK(std::abs(square / count - 1) < 5 * std::sqrt(2.0) / root);
  CHECK(std::abs(uniform / count - 0.5) < 5 * std::sqrt(1.0 / 12) / root);
  for (const int face : faces)
    CHECK(std::abs(face - count / 6.0) < 5 * std::sqrt(count * 5.0 / 36));
}

TEST_CASE("argument checks name function, argument, index and value") {
  const std::vector<double> values{1.0, std::nan("")};
  CHECK_THROWS_WITH_AS(check_finite("f", "x", values), "f: x [1] is nan, expected a finite number",
                       ArgumentError);
  CHECK_NOTHROW(check_finite("f", "x", std::vector<double>{}));
  CHECK_THROWS_AS(check_positive("f", "x", 0.0), ArgumentError);
  CHECK_THROWS_AS(check_positive("f", "x", std::nan("")), ArgumentError);
  CHECK_NOTHROW(check_not_negative("f", "x", 0.0));
  CHECK_THROWS_AS(check_between("f", "x", 1.0, 0.0, 1.0), ArgumentError);
  CHECK_THROWS_AS(check_size("f", "x", 2, 3), ArgumentError);
}

TEST_CASE("durations") {
  CHECK(format_duration(12.2) == "12 s");
  CHECK(format_duration(185) == "3 min 05 s");
  CHECK(format_duration(3725) == "1 h 02 min");
}

TEST_CASE("matrix products use kernels that fit the processor") {
  const std::string kernels = blas_kernels();
  CHECK_FALSE(kernels.empty());
  CHECK(blas_description().starts_with("OpenBLAS "));
  CHECK(blas_description().ends_with(" with kernels for " + kernels));
  CHECK(blas_description().find("NO_") == std::string::npos);  // the version alone
  prepare_blas();
  CHECK(blas_kernels() == kernels);
  CHECK(std::getenv("OPENBLAS_CORETYPE") == core_type_at_start);  // as it was
#if defined(__x86_64__)
  if (std::getenv("OPENBLAS_CORETYPE") == nullptr && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma")) {
    CHECK(kernels != "Prescott");  // chosen by this program's main, not by the library
    CHECK(better_blas_kernels().empty());
  }
#endif
}

TEST_CASE("a host program's number of BLAS threads is set once and then left alone") {
  if (openblas_get_parallel() == 0) return;  // an OpenBLAS without threads
  prepare_blas();
  openblas_set_num_threads(2);
  prepare_blas();
  CHECK(openblas_get_num_threads() == 2);
  openblas_set_num_threads(1);
}
