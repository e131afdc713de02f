#include "sextant/task/labelled_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"

namespace sextant::task {
namespace {

LabelledText parse_line(std::string_view line, std::size_t number, std::string_view file) {
  const auto fail = [&](std::string_view expectation) {
    throw InputError(file, fmt::format("line {}", number), expectation);
  };
  const auto tabs = std::count(line.begin(), line.end(), '\t');
  if (tabs != 1) fail(fmt::format("has {} tabs, expected sentence<TAB>label", tabs));
  const std::size_t tab = line.find('\t');
  const std::string_view sentence = line.substr(0, tab);
  const std::string_view label = line.substr(tab + 1);
  if (sentence.find_first_not_of(' ') == std::string_view::npos) fail("has a blank sentence");
  double value = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (error != std::errc() || end != label.data() + label.size() || !std::isfinite(value)) {
    fail(fmt::format("has the label \"{}\", expected a finite number", label));
  }
  return {std::string(sentence), value};
}

}  // namespace

std::vector<LabelledText> parse_labelled_texts(std::string_view text, std::string_view file) {
  std::vector<LabelledText> result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number > 1) {
      result.push_back(parse_line(line, number, file));
    } else if (line != "sentence\tlabel") {
      throw InputError(file, "line 1", "is not the header sentence<TAB>label");
    }
  }
  if (result.empty()) throw InputError(file, "", "has no sentences");
  return result;
}

std::vector<LabelledText> load_labelled_texts(const std::filesystem::path& path) {
  return parse_labelled_texts(io::read_file(path), path.string());
}

}  // namespace sextant::task
