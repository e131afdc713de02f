#include "sextant/core/blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

// Present in an OpenBLAS that holds kernels for several processors. They choose anew as at load
// time.
extern "C" {
void gotoblas_dynamic_quit() __attribute__((weak));
void gotoblas_dynamic_init() __attribute__((weak));
}

namespace sextant {
namespace {

constexpr const char* kernel_variable = "OPENBLAS_CORETYPE";

/// Kernels for the widest vectors the processor has, or null without AVX2.
const char* fitting_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

/// Whether OpenBLAS fell back to kernels for x86-64 processors without AVX.
bool has_fallen_back() {
  constexpr std::array<std::string_view, 8> before_avx{
      "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Northwood", "Generic", "Atom"};
  const std::string name = blas_kernels();
  return std::find(before_avx.begin(), before_avx.end(), name) != before_avx.end();
}

bool prepare() {
  openblas_set_num_threads(1);
  const char* kernels = fitting_kernels();
  const bool can_choose = gotoblas_dynamic_quit != nullptr && gotoblas_dynamic_init != nullptr;
  if (kernels == nullptr || !can_choose || std::getenv(kernel_variable) != nullptr ||
      !has_fallen_back()) {
    return true;
  }
  ::setenv(kernel_variable, kernels, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  ::unsetenv(kernel_variable);
  return true;
}

}  // namespace

void prepare_blas() {
  static const bool done = prepare();
  (void)done;
}

std::string blas_kernels() { return openblas_get_corename(); }

}  // namespace sextant
