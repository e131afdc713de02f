#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "startup/blas_kernels.hpp"

int main(int argc, char** argv) {
  sextant::startup::choose_blas_kernels();
  return doctest::Context(argc, argv).run();
}
