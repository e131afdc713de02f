#include "cells.hpp"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>

namespace sextant::task {
namespace {

constexpr std::array<std::string_view, 2> hard_blanks = {"\xC2\xA0", "\xE2\x80\xAF"};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

/// With ASCII's minus and blanks.
std::string normalised(std::string_view text) {
  std::string result(trimmed(text));
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::ranges::all_of(result, is_ascii)) return result;
  result = replaced(std::move(result), wide_minus, "-");
  for (const std::string_view blank : hard_blanks) result = replaced(result, blank, " ");
  return result;
}

/// Digits, at most one point and an exponent.
std::optional<double> unsigned_number(std::string_view text) {
  if (text.empty() || !(is_digit(text[0]) || text[0] == '.')) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return {};
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(std::string(text).c_str(), nullptr);  // 0 or infinite
  }
  return value;
}

/// "inf" or "infinity" in any case.
bool is_infinity(std::string_view text) {
  if (text.size() != 3 && text.size() != 8) return false;
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::ranges::equal(text, std::string_view("infinity").substr(0, text.size()), same);
}

/// Takes a sign off the text: -1 or 1.
std::optional<int> take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return {};
  const int sign = text[0] == '-' ? -1 : 1;
  text = trimmed(text.substr(1));
  return sign;
}

/// The text without `group` where that stands between thousands alone. A number with groups is
/// digits up to its decimal mark: an exponent's digits are no thousands.
std::optional<std::string> without_groups(std::string_view text, std::string_view group,
                                          char decimal) {
  if (group.empty()) return std::string(text);
  const std::size_t whole = std::min(text.find(decimal), text.size());
  std::string result;
  std::size_t digits = 0;
  bool grouped = false;
  bool plain = true;
  for (std::size_t i = 0; i < whole;) {
    if (text.substr(i, whole - i).starts_with(group)) {
      if (!grouped && text[0] == '0') return {};  // 0.125 is no number of thousands
      if (digits == 0 || digits > 3 || (grouped && digits != 3)) return {};
      grouped = true;
      digits = 0;
      i += group.size();
      continue;
    }
    if (is_digit(text[i])) {
      ++digits;
    } else {
      plain = false;
    }
    result += text[i++];
  }
  if (grouped && (digits != 3 || !plain)) return {};
  return result + std::string(text.substr(whole));
}

/// Currency signs and % at the beginning or the end of a cell.
struct Unit {
  std::string text;
  bool first = false;
  // NOLINTNEXTLINE(modernize-use-nullptr): the 0 is the library's.
  auto operator<=>(const Unit&) const = default;
};

/// A currency's sign that the text begins with.
std::string leading_currency(std::string_view text) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  std::int32_t next = 0;
  UChar32 code = -1;
  if (size > 0) U8_NEXT(data, next, size, code);
  const bool is_one = code >= 0 && u_charType(code) == U_CURRENCY_SYMBOL;
  return is_one ? std::string(text.substr(0, static_cast<std::size_t>(next))) : std::string();
}

Unit unit_of(std::string_view cell) {
  const std::string text = normalised(cell);
  std::string_view rest = text;
  take_sign(rest);
  if (std::string sign = leading_currency(rest); !sign.empty()) return {sign, true};
  if (rest.ends_with('%')) return {"%", false};
  std::size_t last = rest.size();
  while (last > 0 && U8_IS_TRAIL(rest[--last])) {
  }
  return {rest.empty() ? std::string() : leading_currency(rest.substr(last)), false};
}

Unit most_frequent_unit(const std::vector<std::string_view>& cells) {
  std::map<Unit, std::size_t> counts;
  for (const std::string_view cell : cells) ++counts[unit_of(cell)];
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })
      ->first;
}

std::string group_name(const std::string& group) {
  if (group == ",") return "commas";
  if (group == ".") return "points";
  return group == " " ? "blanks" : "apostrophes";
}

}  // namespace

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  constexpr std::string_view hard = hard_blanks.front();
  while (true) {
    const std::size_t before = text.size();
    if (!text.empty() && blanks.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
    if (!text.empty() && blanks.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
    if (text.starts_with(hard)) text.remove_prefix(hard.size());
    if (text.ends_with(hard)) text.remove_suffix(hard.size());
    if (text.size() == before) return text;
  }
}

bool is_missing(std::string_view text) {
  static const std::set<std::string_view> words = {
      // what pandas takes for missing, in lower case
      "", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>",
      "n/a", "na", "nan", "none", "null",
      // tables of the UCI repository, MySQL, people
      "?", "\\n", "-", "--", "\xE2\x80\x93", "\xE2\x80\x94", "n.a.", "n. a.", "k.a.", "k. a.",
      // errors of spreadsheets, also of German ones
      "#div/0!", "#name?", "#null!", "#num!", "#ref!", "#value!", "#bezug!", "#nv", "#wert!",
      "#zahl!"};
  constexpr std::size_t longest = 8;
  text = trimmed(text);
  if (text.size() > longest) return false;
  return words.contains(in_lower_case(text));
}

bool is_missing(std::string_view text, bool beside_plus) {
  return is_missing(text) && !(beside_plus && text == "-");
}

std::optional<double> plain_number(std::string_view text) { return Notation().read(text); }

std::optional<double> common_number(std::string_view text) {
  const auto value = plain_number(text);
  return value ? value : Notation{"", ',', "", false}.read(text);
}

bool has_point(std::string_view text) { return text.find('.') != std::string_view::npos; }

bool has_wide_minus(std::string_view text) {
  return text.find(wide_minus) != std::string_view::npos;
}

std::optional<double> Notation::read(std::string_view cell) const {
  const std::string text = normalised(cell);
  std::string_view rest = text;
  std::optional<int> sign = take_sign(rest);
  if (!unit.empty()) {
    if (unit_first ? !rest.starts_with(unit) : !rest.ends_with(unit)) return {};
    rest = unit_first ? rest.substr(unit.size()) : rest.substr(0, rest.size() - unit.size());
    rest = trimmed(rest);
    if (!sign) sign = take_sign(rest);
  }
  auto digits = without_groups(rest, group, decimal);
  if (!digits) return {};
  if (decimal != '.') {
    if (digits->find('.') != std::string::npos) return {};
    std::ranges::replace(*digits, decimal, '.');
  }
  const auto value = is_infinity(*digits) ? std::optional(HUGE_VAL) : unsigned_number(*digits);
  if (!value) return {};
  return sign.value_or(1) * *value;
}

std::string Notation::description() const {
  std::string result;
  const auto add = [&](const std::string& part) { result += (result.empty() ? "" : ", ") + part; };
  if (!unit.empty()) {
    add(fmt::format("\"{}\" {} them", unit, unit_first ? "before" : "after"));
  }
  if (!group.empty()) add(group_name(group) + " between thousands");
  if (decimal == ',') add("decimal commas");
  return result;
}

ColumnNotation notation_of(const std::vector<std::string_view>& cells, char delimiter) {
  ColumnNotation result;
  if (cells.empty()) {
    result.all.emplace_back();
    return result;
  }
  std::vector<Notation> candidates{{"", '.', "", false}};
  const std::vector<Notation> with_comma{{",", '.', "", false}};
  const std::vector<Notation> without_comma{{"", ',', "", false}, {".", ',', "", false}};
  const auto add = [&](const auto& more) {
    candidates.insert(candidates.end(), more.begin(), more.end());
  };
  if (delimiter == ',') add(with_comma);
  add(without_comma);
  if (delimiter != ',') add(with_comma);
  add(std::vector<Notation>{{" ", '.', "", false}, {" ", ',', "", false}, {"'", '.', "", false}});
  const Unit unit = most_frequent_unit(cells);
  for (Notation& notation : candidates) {
    notation.unit = unit.text;
    notation.unit_first = unit.first;
    std::size_t numbers = 0;
    std::size_t other = cells.size();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool is_number = notation.read(cells[i]).has_value();
      numbers += is_number ? 1 : 0;
      if (!is_number) other = std::min(other, i);
    }
    if (numbers == cells.size()) result.all.push_back(notation);
    if (numbers > result.numbers) {
      result.best = notation;
      result.numbers = numbers;
      result.first_other = other;
    }
  }
  return result;
}

DecimalMark decimal_mark(const ColumnNotation& notation,
                         const std::vector<std::string_view>& cells) {
  const auto has = [&](char decimal) {
    return std::ranges::any_of(notation.all,
                               [&](const Notation& one) { return one.decimal == decimal; });
  };
  if (notation.all.empty()) return DecimalMark::unknown;
  if (!has('.')) return DecimalMark::comma;
  if (notation.all.front().decimal == ',') return DecimalMark::maybe_comma;
  return std::ranges::any_of(cells, has_point) && !has(',') ? DecimalMark::point
                                                            : DecimalMark::unknown;
}

Notation chosen_notation(const ColumnNotation& notation, DecimalMark mark,
                         const std::vector<std::string_view>& cells) {
  if (mark == DecimalMark::unknown) return notation.all.front();
  const char decimal = mark == DecimalMark::point ? '.' : ',';
  const bool whole = std::ranges::none_of(cells, [](std::string_view cell) {
    return cell.find_first_of(",.") != std::string_view::npos;
  });
  const std::string_view group = whole && mark == DecimalMark::comma ? "." : "";
  const auto choose = [&](const auto& fits) {
    const auto found = std::ranges::find_if(notation.all, fits);
    return found == notation.all.end() ? std::optional<Notation>() : *found;
  };
  const auto with_both =
      choose([&](const Notation& one) { return one.decimal == decimal && one.group == group; });
  const auto with_mark = choose([&](const Notation& one) { return one.decimal == decimal; });
  return whole && with_both ? *with_both : with_mark.value_or(notation.all.front());
}

std::optional<std::size_t> possible_thousands(const ColumnNotation& notation,
                                              const Notation& chosen,
                                              const std::vector<std::string_view>& cells) {
  const auto first = std::ranges::find_if(cells, has_point);
  if (first == cells.end() || std::ranges::all_of(cells, has_point) ||
      !has_doubtful_point(notation, chosen, *first)) {
    return {};
  }
  return static_cast<std::size_t>(first - cells.begin());
}

bool has_doubtful_point(const ColumnNotation& notation, const Notation& chosen,
                        std::string_view cell) {
  return chosen.decimal == '.' && has_point(cell) &&
         std::ranges::any_of(notation.all, [&](const Notation& one) {
           return one.group == "." && one.decimal == ',' && one.read(cell);
         });
}

bool is_number(std::string_view cell) { return !notation_of({cell}, ',').all.empty(); }

}  // namespace sextant::task
