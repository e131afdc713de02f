#include "added_tokens.hpp"

#include <algorithm>

#include "unicode.hpp"

namespace sextant::tokenizer {
namespace {

/// Whether no word character stands directly before `begin` or at `end`.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word(previous_code_point(text, begin))) return false;
  return end == text.size() || !is_word(next_code_point(text, end));
}

std::size_t space_before(std::string_view text, std::size_t begin) {
  while (begin > 0) {
    std::size_t previous = begin;
    if (!is_white_space(previous_code_point(text, previous))) break;
    begin = previous;
  }
  return begin;
}

std::size_t space_behind(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    std::size_t next = end;
    if (!is_white_space(next_code_point(text, next))) break;
    end = next;
  }
  return end;
}

}  // namespace

void AddedTokenMatcher::add(std::string pattern, const AddedToken& token) {
  auto& list = by_first_byte_[static_cast<unsigned char>(pattern.front())];
  const auto place = std::find_if(list.begin(), list.end(), [&](const Pattern& other) {
    return other.text.size() < pattern.size();
  });
  list.insert(place, {std::move(pattern), token});
}

const AddedTokenMatcher::Pattern* AddedTokenMatcher::match_at(std::string_view text,
                                                              std::size_t at) const {
  for (const Pattern& pattern : by_first_byte_[static_cast<unsigned char>(text[at])]) {
    if (text.substr(at).starts_with(pattern.text)) return &pattern;
  }
  return nullptr;
}

std::vector<Stretch> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<Stretch> result;
  std::size_t done = 0;  // where the last stretch ended
  for (std::size_t at = 0; at < text.size();) {
    const Pattern* pattern = match_at(text, at);
    if (pattern == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    std::size_t end = at + pattern->text.size();
    at = end;
    if (pattern->token.single_word && !stands_alone(text, begin, end)) continue;
    if (pattern->token.lstrip) begin = space_before(text, begin);
    if (pattern->token.rstrip) end = space_behind(text, end);
    if (done < begin) result.push_back({text.substr(done, begin - done), -1});
    result.push_back({text.substr(begin, end - begin), pattern->token.id});
    done = end;
  }
  if (done < text.size()) result.push_back({text.substr(done), -1});
  return result;
}

}  // namespace sextant::tokenizer
