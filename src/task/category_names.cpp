#include "category_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

#include "cells.hpp"

namespace sextant::task {
namespace {

/// From 2^53 on whole numbers that are not equal can be one double.
bool is_told_apart(double value) { return std::abs(value) < 0x1p53; }

/// The number that a name is, whatever file it comes from: a thousand, where 1,000 may be 1 too.
std::optional<double> likely_number(std::string_view name) {
  const auto with_thousands = Notation{",", '.', "", false}.read(name);
  return with_thousands ? with_thousands : common_number(name);
}

/// `name` without white space, case and what else Unicode writes in several ways: "50 %" as "50%",
/// and an accent in a letter as one behind it.
std::string unspelled(std::string_view name) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) return std::string(name);
  const icu::UnicodeString text =
      normalizer->normalize(icu::UnicodeString::fromUTF8(
                                icu::StringPiece(name.data(), static_cast<int32_t>(name.size()))),
                            status);
  if (U_FAILURE(status)) return std::string(name);
  icu::UnicodeString kept;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    if (!u_isUWhiteSpace(text.char32At(i))) kept.append(text.char32At(i));
  }
  std::string result;
  return kept.toUTF8String(result);
}

}  // namespace

std::vector<LikeNames> like_names(const std::vector<std::string>& names) {
  std::vector<LikeNames> result;
  std::map<std::string, std::string> lower_case;
  std::map<std::string, std::string> texts;
  std::map<double, std::string> values;
  for (const std::string& name : names) {
    const auto [other, is_new] = lower_case.emplace(in_lower_case(name), name);
    if (!is_new) {
      result.push_back({other->second, name, "case"});
      continue;
    }
    const auto [written, is_new_text] = texts.emplace(unspelled(name), name);
    if (!is_new_text) {
      result.push_back({written->second, name, "spelling"});
      continue;
    }
    const auto value = likely_number(name);
    if (!value || !is_told_apart(*value)) continue;
    const auto [equal, is_new_value] = values.emplace(*value, name);
    if (!is_new_value) result.push_back({equal->second, name, "spelling"});
  }
  return result;
}

std::string like_names_text(const std::vector<LikeNames>& names, std::string_view how) {
  constexpr std::size_t most = 8;
  std::vector<std::string> pairs;
  for (const LikeNames& pair : names) {
    if (pair.how != how) continue;
    pairs.push_back(fmt::format("\"{}\" and \"{}\"", pair.first, pair.second));
  }
  const std::size_t shown = std::min(most, pairs.size());
  const auto end = pairs.begin() + static_cast<std::ptrdiff_t>(shown);
  return fmt::format("{}", fmt::join(pairs.begin(), end, ", ")) +
         (pairs.size() > shown ? fmt::format(" and {} more pairs", pairs.size() - shown) : "");
}

Names::Names(const std::vector<std::string_view>& texts) {
  struct Entry {
    bool is_text;
    double value;
    std::string text;
  };
  std::vector<Entry> entries;
  const std::set<std::string_view> distinct(texts.begin(), texts.end());
  for (const std::string_view text : distinct) {
    const auto value = plain_number(text);
    const bool exact = value && is_told_apart(*value);
    entries.push_back({!exact, exact ? *value : 0, std::string(text)});
  }
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return std::tuple(a.is_text, a.value, a.text.size() * (a.is_text ? 0 : 1), a.text) <
           std::tuple(b.is_text, b.value, b.text.size() * (b.is_text ? 0 : 1), b.text);
  });
  are_numbers_ = std::ranges::none_of(entries, &Entry::is_text);
  for (Entry& entry : entries) {
    if (are_numbers_ && !values_.empty() && values_.back() == entry.value) {
      if (merged_.first.empty()) merged_ = {names_.back(), entry.text};
      continue;
    }
    places_.emplace(entry.text, static_cast<int>(names_.size()));
    values_.push_back(entry.value);
    names_.push_back(std::move(entry.text));
  }
}

int Names::find(std::string_view text) const {
  if (are_numbers_) {
    const auto value = plain_number(text);
    if (!value || !is_told_apart(*value)) return -1;
    const auto found = std::ranges::lower_bound(values_, *value);
    return found != values_.end() && *found == *value ? static_cast<int>(found - values_.begin())
                                                      : -1;
  }
  const auto found = places_.find(text);
  return found == places_.end() ? -1 : found->second;
}

}  // namespace sextant::task
