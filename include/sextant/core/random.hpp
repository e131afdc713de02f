#pragma once

/// Random numbers that are the same on every platform for the same seed.

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace sextant {

/// A seeded stream. The standard fixes the engine's output but not that of its distributions, so
/// the distributions are written out here. Streams with different (seed, stream) are independent
/// for all practical purposes; deriving one per task or per step makes work resumable and
/// independent of the number of threads.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  /// 64 uniform bits.
  std::uint64_t bits() { return engine_(); }
  /// Uniform on [0, 1) with 53 random bits.
  double uniform();
  /// Uniform on {0, ..., bound - 1}, without modulo bias. Requires bound >= 1.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller).
  double normal();

  /// Fisher-Yates shuffle.
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace sextant
