#pragma once

/// How the process keeps its memory, and how much there is.

#include <cstddef>

namespace sextant {

/// The machine's memory in bytes; 0 where the system does not say.
std::size_t physical_memory();

/// Lets the allocator keep freed memory for the next allocation instead of returning it to the
/// system. For programs that allocate the same large matrices again and again, as the passes of a
/// model do: otherwise the system clears the same pages each time, a tenth of a capture's time. The
/// process keeps its peak memory until it ends, so a program decides, not the library. To be called
/// before other threads start; without effect where the allocator is not glibc's.
void keep_freed_memory();

}  // namespace sextant
