#include "sextant/core/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace sextant {

std::string format_duration(double seconds) {
  const long total = std::lround(seconds);
  if (total >= 3600) return fmt::format("{} h {:02} min", total / 3600, total / 60 % 60);
  if (total >= 60) return fmt::format("{} min {:02} s", total / 60, total % 60);
  return fmt::format("{} s", total);
}

Progress::Progress(std::string label, std::size_t total, bool enabled)
    : label_(std::move(label)),
      total_(total),
      visible_(enabled && isatty(STDERR_FILENO) != 0),
      begin_(std::chrono::steady_clock::now()),
      last_(begin_) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::update(std::size_t done, std::string_view note, std::size_t start) {
  if (!visible_) return;
  using namespace std::chrono;
  const auto now = steady_clock::now();
  if (drawn_ && now - last_ < milliseconds(100) && done < total_) return;
  last_ = now;
  drawn_ = true;
  const double elapsed = duration<double>(now - begin_).count();
  const auto fresh = static_cast<double>(done - start);
  const double left = done > start ? elapsed / fresh * static_cast<double>(total_ - done) : 0.0;
  const double share =
      total_ > 0 ? 100.0 * static_cast<double>(done) / static_cast<double>(total_) : 100.0;
  const std::string line =
      fmt::format("{} {}/{} ({:.0f}%){}{}, {} left", label_, done, total_, share,
                  note.empty() ? "" : ", ", note, done > start ? format_duration(left) : "?");
  fmt::print(stderr, "\r\033[K{:.79}", line);
  std::fflush(stderr);
}

}  // namespace sextant
