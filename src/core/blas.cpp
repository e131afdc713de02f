#include "sextant/core/blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sextant {
namespace {

/// Kernels for the widest vectors the processor has; empty without AVX2.
std::string fitting_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return {};
}

/// Whether OpenBLAS fell back to kernels for x86-64 processors without AVX.
bool has_fallen_back() {
  constexpr std::array<std::string_view, 8> before_avx{
      "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Northwood", "Generic", "Atom"};
  const std::string name = blas_kernels();
  return std::find(before_avx.begin(), before_avx.end(), name) != before_avx.end();
}

}  // namespace

void prepare_blas() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  (void)done;
}

std::string blas_kernels() { return openblas_get_corename(); }

std::string blas_description() {
  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  const std::string config = openblas_get_config();
  const auto name_end = std::min(config.find(' '), config.size());
  const auto version_end = std::min(config.find(' ', name_end + 1), config.size());
  return config.substr(0, version_end) + " with kernels for " + blas_kernels();
}

std::string better_blas_kernels() { return has_fallen_back() ? fitting_kernels() : std::string(); }

}  // namespace sextant
