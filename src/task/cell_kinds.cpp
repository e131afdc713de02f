#include "cell_kinds.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>

#include "cells.hpp"

namespace sextant::task {
namespace {

/// Takes up to `most` digits off the text and says how many there were and what they make.
struct Digits {
  std::size_t count = 0;
  int value = 0;
};

Digits take_digits(std::string_view& text, std::size_t most) {
  Digits result;
  while (result.count < std::min(most, text.size()) && is_digit(text[result.count])) {
    result.value = 10 * result.value + (text[result.count++] - '0');
  }
  text.remove_prefix(result.count);
  return result;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

/// 9:30, 09:30:15.5, 9:30 PM, 09:30Z, 09:30+01:00.
bool is_time(std::string_view text) {
  const Digits hour = take_digits(text, 2);
  if (hour.count == 0 || hour.value > 24 || !take(text, ':')) return false;
  const Digits minute = take_digits(text, 2);
  return minute.count == 2 && minute.value < 60 &&
         text.find_first_not_of("0123456789:.+-ZAPMapm ") == std::string_view::npos;
}

bool is_date(std::string_view text) {
  const Digits first = take_digits(text, 4);
  if (first.count == 0 || text.empty()) return false;
  const char separator = text.front();
  if (separator != '-' && separator != '/' && separator != '.') return false;
  text.remove_prefix(1);
  const Digits second = take_digits(text, 2);
  if (second.count == 0 || !take(text, separator)) return false;
  const Digits third = take_digits(text, 4);
  const auto in_month = [](const Digits& part) {
    return (part.count == 1 || part.count == 2) && part.value >= 1 && part.value <= 31;
  };
  // 1.2.10 is rather a version.
  const bool short_year = third.count == 2 && (separator != '.' || first.count + second.count == 4);
  const bool known = (first.count == 4 && in_month(third)) ||
                     (in_month(first) && (third.count == 4 || short_year));
  if (!known || !in_month(second)) return false;
  return text.empty() || ((take(text, ' ') || take(text, 'T')) && is_time(text));
}

/// What stands behind the number that a cell begins with, or a currency's code before it.
Notation with_unit_of(std::string_view cell) {
  cell = trimmed(cell);
  constexpr std::size_t code = 3;
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (cell.size() > code + 1 && cell[code] == ' ' &&
      std::ranges::all_of(cell.substr(0, code), is_capital)) {
    return {"", '.', std::string(cell.substr(0, code)), true};
  }
  if (cell.starts_with(wide_minus)) cell.remove_prefix(wide_minus.size());
  if (const auto sign = cell.find_first_not_of("+- "); sign != std::string_view::npos) {
    cell.remove_prefix(sign);
  }
  if (cell.empty() || !is_digit(cell.front())) return {};
  const std::string_view unit =
      trimmed(cell.substr(std::min(cell.find_first_not_of("0123456789., '"), cell.size())));
  const auto begins = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) > 0x7F;
  };
  if (unit.empty() || !begins(unit.front())) return {};
  return {"", '.', std::string(unit), false};
}

}  // namespace

bool are_numbers_with_unit(const std::vector<std::string_view>& cells) {
  if (cells.empty()) return false;
  Notation notation = with_unit_of(cells.front());
  if (notation.unit.empty()) return false;
  constexpr std::array<std::pair<std::string_view, char>, 6> marks{
      {{"", '.'}, {"", ','}, {",", '.'}, {".", ','}, {" ", '.'}, {" ", ','}}};
  return std::ranges::any_of(marks, [&](const auto& mark) {
    notation.group = mark.first;
    notation.decimal = mark.second;
    return std::ranges::all_of(
        cells, [&](std::string_view cell) { return notation.read(cell).has_value(); });
  });
}

bool are_dates(const std::vector<std::string_view>& cells) {
  return !cells.empty() && std::ranges::all_of(cells, [](std::string_view cell) {
    return is_date(trimmed(cell)) || is_time(trimmed(cell));
  });
}

}  // namespace sextant::task
