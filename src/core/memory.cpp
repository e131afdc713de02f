#include "sextant/core/memory.hpp"

#include <cstdlib>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace sextant {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int largest_kept = 1 << 30;
  constexpr int largest_of_older_glibc = 1 << 25;
  if (mallopt(M_MMAP_THRESHOLD, largest_kept) == 0) {
    mallopt(M_MMAP_THRESHOLD, largest_of_older_glibc);
  }
  mallopt(M_TRIM_THRESHOLD, largest_kept);
#endif
}

}  // namespace sextant
