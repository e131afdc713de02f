#include "startup/blas_kernels.hpp"

#include <cstdlib>
#include <string>

#include "sextant/core/blas.hpp"

// Present in an OpenBLAS that holds kernels for several processors. They choose anew as at load
// time.
extern "C" {
void gotoblas_dynamic_quit() __attribute__((weak));
void gotoblas_dynamic_init() __attribute__((weak));
}

namespace sextant::startup {

void choose_blas_kernels() {
  constexpr const char* variable = "OPENBLAS_CORETYPE";
  const bool can_choose = gotoblas_dynamic_quit != nullptr && gotoblas_dynamic_init != nullptr;
  if (!can_choose || std::getenv(variable) != nullptr) return;
  const std::string kernels = better_blas_kernels();
  if (kernels.empty()) return;
  ::setenv(variable, kernels.c_str(), 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  ::unsetenv(variable);
}

}  // namespace sextant::startup
