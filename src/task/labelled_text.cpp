#include "sextant/task/labelled_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "label_range.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"
#include "sextant/core/number_range.hpp"
#include "sextant/io/csv.hpp"
#include "sextant/io/files.hpp"

namespace sextant::task {
namespace {

/// Why a label is no number although it has digits, or nothing.
std::string_view likely_cause(std::string_view label) {
  if (label.find_first_of("0123456789") == std::string_view::npos) return "";
  if (label.find(',') != std::string_view::npos) return "; decimals stand behind a point";
  if (label.find_first_of(" \"") != std::string_view::npos) return " without blanks and quotes";
  return "";
}

/// Throws `InputError` unless the line is the header.
void check_header(std::string_view line, std::string_view file) {
  constexpr std::string_view expected = "sentence\tlabel";
  if (line == expected) return;
  std::vector<std::string> columns;
  char delimiter = '\t';
  for (const char other : {'\t', ',', ';', '|'}) {
    if (line.find(other) == std::string_view::npos) continue;
    delimiter = other;
    break;
  }
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(delimiter, begin), line.size());
    columns.emplace_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  const auto has = [&](std::string_view name) {
    return std::ranges::find(columns, name) != columns.end();
  };
  const auto is_number = [](const std::string& text) {
    double value = 0;
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  };
  std::string cause = "put it above the sentences";
  if (delimiter != '\t' && columns.size() > 1) {
    cause = fmt::format("cells are separated by {}, expected a tab and no quotes",
                        io::delimiter_name(delimiter));
  } else if (has("sentence") && has("label")) {
    cause =
        fmt::format("has the columns {}, expected these two alone in this order", listed(columns));
  } else if (columns.size() > 1 && !is_number(columns.back())) {
    std::vector<std::string> missing;
    for (const char* name : {"sentence", "label"}) {
      if (!has(name)) missing.emplace_back(name);
    }
    cause = fmt::format("has the columns {} and lacks {}: rename or add what is meant",
                        listed(columns), listed(missing));
  }
  throw InputError(file, "line 1", "is not the header sentence<TAB>label; " + cause);
}

LabelledText parse_line(std::string_view line, std::size_t number, std::string_view file) {
  const auto fail = [&](std::string_view expectation) {
    throw InputError(file, fmt::format("line {}", number), expectation);
  };
  const auto tabs = std::count(line.begin(), line.end(), '\t');
  if (line.empty()) fail("is empty, expected sentence<TAB>label");
  if (tabs != 1) {
    fail(fmt::format("has {} tabs, expected sentence<TAB>label; {}", tabs,
                     tabs == 0 ? "is another character between sentence and label?"
                     : line.starts_with('"')
                         ? "quotes do not keep a tab in a sentence: put a blank for it"
                         : "put blanks for tabs in sentences, and leave out other columns"));
  }
  const std::size_t tab = line.find('\t');
  const std::string_view sentence = line.substr(0, tab);
  const std::string_view label = line.substr(tab + 1);
  if (sentence.find_first_not_of(' ') == std::string_view::npos) fail("has a blank sentence");
  double value = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (error != std::errc() || end != label.data() + label.size() || !std::isfinite(value)) {
    fail(fmt::format("has the label {}, expected a finite number{}", io::quoted_cell(label),
                     likely_cause(label)));
  }
  if (const std::string problem = beyond_range(value, rescale_labels, 0, largest_label, 32);
      !problem.empty()) {
    fail("has a label that " + problem);
  }
  return {std::string(sentence), value};
}

}  // namespace

std::vector<LabelledText> parse_labelled_texts(std::string_view text, std::string_view file) {
  text = io::without_byte_order_mark(text, file);
  std::vector<LabelledText> result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number > 1) {
      result.push_back(parse_line(line, number, file));
    } else {
      check_header(line, file);
    }
  }
  if (result.empty()) throw InputError(file, "", "has no sentences");
  return result;
}

std::string note_on_quotes(const std::vector<LabelledText>& sentences, std::string_view file) {
  const auto is_quoted_cell = [](std::string_view text) {
    if (text.size() < 2 || !text.ends_with('"')) return false;
    text = text.substr(1, text.size() - 2);
    for (std::size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at)) {
      if (!text.substr(at).starts_with("\"\"")) return false;
      at += 2;
    }
    return true;
  };
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (!sentences[i].text.starts_with('"')) continue;
    if (!is_quoted_cell(sentences[i].text)) return "";
    if (count++ == 0) first = i;
  }
  if (count == 0) return "";
  return fmt::format(
      "{}: {} in quotes, first in line {}, which are read as part of the text; where a program put "
      "them around cells, write the file without (Python: quoting=csv.QUOTE_NONE)",
      file, count == 1 ? "1 sentence stands" : fmt::format("{} sentences stand", count), first + 2);
}

std::vector<LabelledText> load_labelled_texts(const std::filesystem::path& path) {
  return parse_labelled_texts(io::read_file(path), path.string());
}

}  // namespace sextant::task
