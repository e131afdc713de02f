#include "sextant/core/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace sextant {
namespace {

/// Letters, digits and bytes beyond ASCII, in lower case.
std::string plain(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80) {
      result += static_cast<char>(std::tolower(byte));
    }
  }
  return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::vector<std::string> likely_names(std::string_view name, std::span<const std::string> known) {
  constexpr std::size_t most = 3;
  constexpr std::size_t longest = 200;  // beyond it nothing was mistyped
  const std::string wanted = plain(name);
  if (wanted.empty() || wanted.size() > longest) return {};
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const std::string& candidate : known) {
    const std::string other = plain(candidate);
    if (other.empty() || other.size() > longest) continue;
    const std::size_t shorter = std::min(wanted.size(), other.size());
    const bool begins = shorter >= 3 && (wanted.starts_with(other) || other.starts_with(wanted));
    const std::size_t distance = edit_distance(wanted, other);
    if (begins || 3 * distance <= wanted.size()) found.emplace_back(distance, candidate);
  }
  std::ranges::stable_sort(found, {}, &std::pair<std::size_t, std::string>::first);
  std::vector<std::string> result;
  for (const auto& [distance, candidate] : found) {
    if (result.size() == most || (found.front().first == 0 && distance > 0)) break;
    result.push_back(candidate);
  }
  return result;
}

std::string listed(std::span<const std::string> names, std::size_t most) {
  const std::size_t shown = names.size() <= most + 1 ? names.size() : most;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  }
  if (shown < names.size()) text += fmt::format(" and {} others", names.size() - shown);
  return text;
}

}  // namespace sextant
