#pragma once

#include <cstdio>
#include <cstdlib>

namespace sextant::fuzz {

/// Stops the process, which a fuzzer takes as a finding, unless `holds`.
inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "expected: %s\n", what);
  std::abort();
}

}  // namespace sextant::fuzz
