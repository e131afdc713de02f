#pragma once

/// Data-parallel loops whose result does not depend on the number of threads.

#include <cstddef>
#include <functional>

namespace sextant {

/// Sets how many threads `parallel_for` uses from now on, for the whole process.
/// `count` = 0 means one per available core. Throws `ArgumentError` when negative.
/// Not to be called while a `parallel_for` runs.
void set_threads(int count);

/// The number of threads `parallel_for` uses (at least 1).
int threads();

/// Calls `body(i)` once for every i in [0, count), in no particular order, on `threads()` threads.
///
/// Results are the same for every thread count as long as body(i) writes only to places that
/// belong to i: the split of the work is by index, never by thread. A call from inside a body runs
/// serially. If bodies throw, the exception of the smallest index that threw is rethrown after all
/// running bodies have ended.
void parallel_for(std::ptrdiff_t count, const std::function<void(std::ptrdiff_t)>& body);

}  // namespace sextant
