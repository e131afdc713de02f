#include "sextant/model/arithmetic.hpp"

#include <fmt/format.h>

#include "sextant/core/blas.hpp"
#include "vector_widths.hpp"

namespace sextant::model {

std::string vector_loops() {
#ifdef SEXTANT_SEVERAL_VECTOR_WIDTHS
  // As the versions themselves are chosen when the program starts.
  if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
#endif
  return "baseline";
}

std::string arithmetic_in_use() {
  return fmt::format("{}, vector loops for {}", blas_description(), vector_loops());
}

std::string arithmetic_difference(std::string_view found) {
  const std::string here = arithmetic_in_use();
  if (found == here) return {};
  return fmt::format(
      "was computed with {}, this run computes with {}: their results differ in the last digits "
      "and must not be mixed. Continue where the run was begun, or start anew in another directory",
      found.empty() ? "an unknown BLAS" : fmt::format("\"{}\"", found),
      fmt::format("\"{}\"", here));
}

}  // namespace sextant::model
