#pragma once

/// A one-line progress display for long runs.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sextant {

/// Rewrites one line on standard error, at most ten times a second, and only when standard error is
/// a terminal and `enabled` holds. Reports the share done and the time left.
class Progress {
 public:
  Progress(std::string label, std::size_t total, bool enabled);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` units are finished; `note` (a loss, say) is shown beside it.
  /// `start` units were finished before this run began (a resumed run) and do not count as speed.
  void update(std::size_t done, std::string_view note = {}, std::size_t start = 0);

 private:
  std::string label_;
  std::size_t total_;
  bool visible_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point last_;
};

/// "1 h 02 min", "3 min 05 s" or "12 s".
std::string format_duration(double seconds);

}  // namespace sextant
