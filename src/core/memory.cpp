#include "sextant/core/memory.hpp"

#include <unistd.h>

#include <cstdlib>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace sextant {

std::size_t physical_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long bytes = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && bytes > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(bytes)
                                : 0;
}

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
