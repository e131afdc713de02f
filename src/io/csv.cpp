#include "sextant/io/csv.hpp"

#include <csv.h>
#include <fmt/format.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <span>
#include <utility>

#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"

namespace sextant::io {
namespace {

constexpr std::string_view usual_delimiters = ",;\t|";
constexpr std::string_view expected_text = "text (CSV or TSV)";

/// What libcsv calls back with. Nothing may throw through its C frames, so nothing is judged here.
struct Collected {
  std::vector<std::vector<CsvCell>> rows{1};  // the last one is still open
  std::size_t cell_line = 1;
  bool row_ended = false;
  bool cell_ended = false;
};

void end_cell(void* data, std::size_t size, void* user) {
  auto& collected = *static_cast<Collected*>(user);
  const char* text = static_cast<const char*>(data);
  collected.rows.back().push_back(
      {text == nullptr ? std::string() : std::string(text, size), collected.cell_line});
  collected.cell_ended = true;
}

void end_row(int, void* user) {
  auto& collected = *static_cast<Collected*>(user);
  collected.rows.emplace_back();
  collected.row_ended = true;
}

class Parser {
 public:
  explicit Parser(char delimiter) {
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter));
  }
  ~Parser() { csv_free(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// False where the byte cannot stand here.
  bool feed(char byte, Collected& collected) {
    return csv_parse(&parser_, &byte, 1, end_cell, end_row, &collected) == 1;
  }
  bool finish(Collected& collected) {
    return csv_fini(&parser_, end_cell, end_row, &collected) == 0;
  }

 private:
  csv_parser parser_{};
};

std::string column_place(std::size_t line, std::size_t column) {
  return fmt::format("line {}, column {}", line, column);
}

/// Rows up to the first thing that cannot stand where it does.
struct Reading {
  std::vector<std::vector<CsvCell>> rows;
  std::string place;    ///< Of what is wrong.
  std::string problem;  ///< Empty where nothing is.
};

/// `line`: the number of the first one.
Reading read_rows(std::string_view text, char delimiter, std::size_t line = 1) {
  Parser parser(delimiter);
  Collected collected;
  bool in_row = false;
  const auto failed = [&](std::size_t in_line, std::string_view problem) {
    return Reading{
        {}, column_place(in_line, collected.rows.back().size() + 1), std::string(problem)};
  };
  const std::size_t invalid = first_invalid_utf8(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    const bool blank =
        byte == '\n' || byte == '\r' || ((byte == ' ' || byte == '\t') && byte != delimiter);
    if (i == invalid) {
      return failed(line, "has bytes that are not UTF-8; save the file in that encoding");
    }
    if (byte == '\0') {
      return failed(line,
                    "has a null byte, expected text; is the file in UTF-16? Save it as UTF-8");
    }
    if (!in_row && !blank) {
      in_row = true;
      collected.cell_line = line;
    }
    if (!parser.feed(byte, collected)) {
      return failed(line,
                    "has a quote inside a cell, expected the whole cell in quotes and quotes "
                    "in it doubled");
    }
    if (byte == '\n' && (i == 0 || text[i - 1] != '\r')) ++line;
    if (byte == '\r') ++line;
    if (collected.row_ended) in_row = false;
    if (collected.cell_ended) collected.cell_line = line;
    collected.row_ended = collected.cell_ended = false;
  }
  if (!parser.finish(collected)) {
    return failed(collected.cell_line, "begins with a quote that is never closed");
  }
  if (collected.rows.back().empty()) collected.rows.pop_back();
  return {std::move(collected.rows), "", ""};
}

bool is_blank(const std::vector<CsvCell>& row) {
  return std::ranges::all_of(row, [](const CsvCell& cell) { return cell.text.empty(); });
}

/// How many cells each row has that is not blank; 0 when they differ or cannot be read.
std::size_t common_width(const Reading& reading) {
  std::size_t width = 0;
  for (const auto& row : reading.rows) {
    if (is_blank(row)) continue;
    if (width == 0) width = row.size();
    if (row.size() != width) return 0;
  }
  return width;
}

/// The first line with something in it, as far as quotes let it go, without what stands in quotes.
std::string unquoted_header(std::string_view text) {
  std::string header;
  bool quoted = false;
  for (const char byte : text) {
    if (byte == '"') quoted = !quoted;
    if (quoted || byte == '"') continue;
    const bool ends = byte == '\n' || byte == '\r';
    if (ends && header.find_first_not_of(",;|\t ") != std::string::npos) break;
    ends ? header.clear() : header.push_back(byte);
  }
  return header;
}

/// See `parse_csv`; where no delimiter makes equal rows, the most frequent one in the header.
std::pair<char, Reading> find_delimiter(std::string_view text) {
  const std::string header = unquoted_header(text);
  std::pair<char, Reading> best{usual_delimiters.front(), {}};
  std::size_t most_columns = 0;
  std::ptrdiff_t most_frequent = 0;
  for (const char candidate : usual_delimiters) {
    const auto count = std::ranges::count(header, candidate);
    if (count == 0) continue;
    Reading reading = read_rows(text, candidate);
    const std::size_t width = common_width(reading);
    if (width > most_columns || (most_columns == 0 && count > most_frequent)) {
      best = {candidate, std::move(reading)};
    }
    most_columns = std::max(most_columns, width);
    most_frequent = std::max(most_frequent, count);
  }
  if (most_frequent == 0) best.second = read_rows(text, best.first);
  return best;
}

bool can_delimit(char delimiter) {
  const auto byte = static_cast<unsigned char>(delimiter);
  return delimiter == '\t' || (byte < 0x80 && std::ispunct(byte) != 0 && delimiter != '"');
}

/// Takes a first line off the text that tells Excel the delimiter ("sep=;").
std::optional<char> take_separator_line(std::string_view& text) {
  constexpr std::string_view key = "sep=";
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  std::string_view line = text.substr(0, end);
  if (line.size() > 1 && line.front() == '"' && line.back() == '"') {
    line = line.substr(1, line.size() - 2);
  }
  if (line.size() != key.size() + 1 || !line.starts_with(key) || !can_delimit(line.back())) {
    return {};
  }
  const bool both = text.substr(end).starts_with("\r\n");
  text.remove_prefix(std::min(end + (both ? 2 : 1), text.size()));
  return line.back();
}

/// Begins as an object or a list of these or of texts, which hardly is a column's name.
bool looks_like_json(std::string_view text) {
  const auto next = [&text](std::string_view wanted) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    return !text.empty() && wanted.find(text.front()) != std::string_view::npos;
  };
  const bool object = next("{");
  if (!object && !next("[")) return false;
  text.remove_prefix(1);
  return next(object ? "\"}" : "[{\"");
}

void check_delimiter(char delimiter) {
  if (can_delimit(delimiter)) return;
  throw ArgumentError("parse_csv", "options.delimiter",
                      "is none: expected a tab or one character such as , ; |");
}

void drop_blank_rows(CsvTable& table) {
  for (const auto& row : table.rows) {
    if (!is_blank(row)) continue;
    if (table.blank_rows++ == 0) table.first_blank_row = row.front().line;
  }
  if (table.blank_rows > 0) std::erase_if(table.rows, is_blank);
}

bool begins_like_a_number(std::string_view text) {
  const std::size_t digit = text.find_first_of("0123456789");
  return digit != std::string_view::npos && digit == text.find_first_not_of("+-.");
}

/// Moves the first row to the header.
void take_header(CsvTable& table) {
  const std::vector<CsvCell> cells = std::move(table.rows.front());
  table.rows.erase(table.rows.begin());
  const bool like_a_row = std::ranges::any_of(
      cells, [](const CsvCell& cell) { return begins_like_a_number(cell.text); });
  constexpr std::string_view advice = "; if this line is a row, say that there is no header";
  std::set<std::string> names;
  for (const CsvCell& cell : cells) {
    const std::string place = column_place(cell.line, table.header.size() + 1);
    if (cell.text.empty()) {
      const bool may_be_index = table.header.empty() && cells.size() > 1 && !like_a_row;
      throw InputError(table.file, place,
                       fmt::format("is empty, expected a column's name{}",
                                   may_be_index ? " (pandas: to_csv(..., index=False) leaves "
                                                  "numbers of rows out)"
                                                : advice));
    }
    if (!names.insert(cell.text).second) {
      throw InputError(table.file, place,
                       fmt::format("repeats the column name {}{}", quoted_cell(cell.text), advice));
    }
    table.header.push_back(cell.text);
  }
}

void check_widths(const CsvTable& table) {
  const std::size_t width = table.header.size();
  for (const auto& row : table.rows) {
    if (row.size() == width) continue;
    throw InputError(table.file, column_place(row.front().line, std::min(row.size(), width) + 1),
                     fmt::format("the row has {}, expected {} as the {} has; cells are "
                                 "separated by {}, and one that holds {} stands in quotes",
                                 counted(row.size(), "cell"), width,
                                 table.header_kind == Header::absent ? "first row" : "header",
                                 delimiter_name(table.delimiter), delimiter_name(table.delimiter)));
  }
}

}  // namespace

std::string quoted_cell(std::string_view cell) {
  constexpr std::size_t most = 60;
  if (cell.size() <= most) return fmt::format("\"{}\"", cell);
  std::size_t end = most;
  while (end > 0 && U8_IS_TRAIL(cell[end])) --end;
  return fmt::format("\"{}...\" ({} bytes)", cell.substr(0, end), cell.size());
}

std::string delimiter_name(char delimiter) {
  switch (delimiter) {
    case ',':
      return "commas";
    case ';':
      return "semicolons";
    case '\t':
      return "tabs";
    case '|':
      return "vertical bars";
    default:
      return fmt::format("\"{}\"", delimiter);
  }
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    const auto likely = likely_names(name, header);
    throw InputError(
        file, header_place(),
        fmt::format("has no column \"{}\", expected one of {}{}", name, listed(header),
                    likely.empty() ? "" : fmt::format("; is {} meant?", listed(likely))));
  }
  return static_cast<std::size_t>(found - header.begin());
}

std::string CsvTable::place(std::size_t row) const {
  const auto& cells = rows.at(row);
  const std::size_t line = cells.empty() ? 0 : cells.front().line;
  return line == 0 ? fmt::format("rows[{}]", row) : fmt::format("line {}", line);
}

std::string CsvTable::place(std::size_t row, std::size_t column) const {
  const std::size_t line = rows.at(row).at(column).line;
  return fmt::format("{}, column {} ({})", line == 0 ? place(row) : fmt::format("line {}", line),
                     column + 1, header.at(column));
}

std::string CsvTable::header_place() const {
  const bool in_file = rows.empty() || rows.front().empty() || rows.front().front().line > 0;
  return in_file ? fmt::format("line {}", header_line) : "header";
}

CsvTable parse_csv(std::string_view text, std::string_view file, const CsvOptions& options) {
  if (options.delimiter) check_delimiter(*options.delimiter);
  text = without_byte_order_mark(text, file);
  CsvTable table;
  table.file = file;
  table.header_kind = options.header;
  const std::optional<char> told = take_separator_line(text);
  const std::optional<char> known = options.delimiter ? options.delimiter : told;
  auto [delimiter, reading] =
      known ? std::pair(*known, read_rows(text, *known, told ? 2 : 1)) : find_delimiter(text);
  if (looks_like_json(text) && !reading.problem.empty()) {  // spoilt JSON
    throw InputError(file, "", other_content(std::as_bytes(std::span(text)), expected_text));
  }
  if (!reading.problem.empty()) throw InputError(file, reading.place, reading.problem);
  table.delimiter = delimiter;
  table.rows = std::move(reading.rows);
  drop_blank_rows(table);
  if (table.rows.empty()) throw InputError(file, "", "is empty, expected a header line and rows");
  table.header_line = table.rows.front().front().line;
  if (options.header == Header::absent) {
    for (std::size_t c = 1; c <= table.rows.front().size(); ++c) {
      table.header.push_back(fmt::format("column{}", c));
    }
  } else {
    take_header(table);
  }
  if (table.rows.empty()) throw InputError(file, "", "has a header line but no rows");
  check_widths(table);
  if (!options.delimiter && delimiter != usual_delimiters.front()) {
    table.notes.push_back(fmt::format("{}: cells are separated by {}, as {}", file,
                                      delimiter_name(delimiter),
                                      told ? "line 1 says" : "the header shows"));
  }
  return table;
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  return parse_csv(read_file(path), path.string(), options);
}

std::string_view without_byte_order_mark(std::string_view text, std::string_view file) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  const auto bytes = std::as_bytes(std::span(text));
  const Content content = content_of(bytes);
  const bool is_object = content == Content::json && Json::accept(text);
  if (content == Content::placeholder || content == Content::foreign ||
      content == Content::safetensors || is_object) {
    throw InputError(file, "", other_content(bytes, expected_text));
  }
  return text;
}

}  // namespace sextant::io
