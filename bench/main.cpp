#include <benchmark/benchmark.h>

#include "startup/blas_kernels.hpp"

int main(int argc, char** argv) {
  sextant::startup::choose_blas_kernels();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
