#include "table_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "cells.hpp"
#include "sextant/core/names.hpp"

namespace sextant::task {
namespace {

/// Whether a column below the header holds numbers and missing cells alone.
bool holds_numbers(const io::CsvTable& csv, std::size_t column) {
  std::size_t numbers = 0;
  for (const auto& row : csv.rows) {
    const std::string_view text = row[column].text;
    if (is_missing(text)) continue;
    if (!common_number(text)) return false;
    ++numbers;
  }
  return numbers > 0;
}

bool occurs_below(const io::CsvTable& csv, std::size_t column) {
  const std::string_view wanted = csv.header[column];
  const auto number = common_number(wanted);
  return std::ranges::any_of(csv.rows, [&](const auto& row) {
    const std::string_view text = row[column].text;
    return trimmed(text) == wanted || (number && common_number(text) == number);
  });
}

/// 0, 1, 2, ... or 1, 2, 3, ..., as programs name columns.
bool counts_upwards(const std::vector<double>& names) {
  if (names.size() < 2 || (names[0] != 0 && names[0] != 1)) return false;
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] != names[i - 1] + 1) return false;
  }
  return true;
}

}  // namespace

FirstLine first_line(const io::CsvTable& csv, std::size_t label) {
  if (csv.header_kind != io::Header::unsure) return FirstLine::names;
  bool has_numbers = false;
  bool repeated = false;
  std::vector<double> names;
  for (std::size_t c = 0; c < csv.header.size(); ++c) {
    const auto name = common_number(csv.header[c]);
    if (name) names.push_back(*name);
    if (c == label) continue;
    if (!holds_numbers(csv, c)) {
      repeated = repeated || occurs_below(csv, c);
      continue;
    }
    has_numbers = true;
    if (!name && !is_missing(csv.header[c])) return FirstLine::names;
  }
  const bool known_label = occurs_below(csv, label);
  if (known_label && (has_numbers || repeated)) return FirstLine::row;
  if (has_numbers && counts_upwards(names)) return FirstLine::names;
  return has_numbers || repeated || known_label ? FirstLine::doubtful : FirstLine::names;
}

std::string doubtful_names(const io::CsvTable& csv, std::size_t label) {
  std::vector<std::string> repeated;
  std::vector<std::string> numbers;
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < csv.header.size(); ++c) {
    const std::string& name = csv.header[c];
    if ((c == label || !holds_numbers(csv, c)) && occurs_below(csv, c)) repeated.push_back(name);
    if (common_number(name)) numbers.push_back(name);
    if (is_missing(name)) missing.push_back(name);
  }
  if (!numbers.empty()) missing.clear();
  std::string result;
  const auto add = [&](std::string_view what, const std::vector<std::string>& found) {
    constexpr std::size_t most = 4;
    if (found.empty()) return;
    result += fmt::format("{}{} ({})", result.empty() ? "" : ", some ", what, listed(found, most));
  };
  add("numbers", numbers);
  add("markers of missing values", missing);
  add("values of later rows", repeated);
  return result;
}

}  // namespace sextant::task
