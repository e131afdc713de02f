#include "sextant/io/csv.hpp"

#include <csv.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"

namespace sextant::io {
namespace {

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
  Parser() { csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI); }
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

/// Where the first bytes stand that are not UTF-8; the text's size when all are.
std::size_t first_invalid(std::string_view text) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  std::int64_t next = 0;
  while (next < size) {
    const std::int64_t begin = next;
    UChar32 code = 0;
    U8_NEXT(data, next, size, code);
    if (code < 0) return static_cast<std::size_t>(begin);
  }
  return text.size();
}

std::vector<std::vector<CsvCell>> collect(std::string_view text, std::string_view file) {
  Parser parser;
  Collected collected;
  std::size_t line = 1;
  bool in_row = false;
  const auto here = [&] { return column_place(line, collected.rows.back().size() + 1); };
  const std::size_t invalid = first_invalid(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    const bool blank = byte == '\n' || byte == '\r' || byte == ' ' || byte == '\t';
    if (i == invalid) throw InputError(file, here(), "has bytes that are not UTF-8");
    if (byte == '\0') throw InputError(file, here(), "has a null byte, expected text");
    if (!in_row && !blank) {
      in_row = true;
      collected.cell_line = line;
    }
    if (!parser.feed(byte, collected)) {
      throw InputError(file, here(),
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
    throw InputError(file, column_place(collected.cell_line, collected.rows.back().size() + 1),
                     "begins with a quote that is never closed");
  }
  if (collected.rows.back().empty()) collected.rows.pop_back();
  return std::move(collected.rows);
}

}  // namespace

std::string quoted_cell(std::string_view cell) {
  constexpr std::size_t most = 60;
  if (cell.size() <= most) return fmt::format("\"{}\"", cell);
  std::size_t end = most;
  while (end > 0 && U8_IS_TRAIL(cell[end])) --end;
  return fmt::format("\"{}...\" ({} bytes)", cell.substr(0, end), cell.size());
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    throw InputError(
        file, "line 1",
        fmt::format("has no column \"{}\", expected one of {}", name, fmt::join(header, ", ")));
  }
  return static_cast<std::size_t>(found - header.begin());
}

std::string CsvTable::place(std::size_t row, std::size_t column) const {
  return fmt::format("{} ({})", column_place(rows.at(row).at(column).line, column + 1),
                     header.at(column));
}

CsvTable parse_csv(std::string_view text, std::string_view file) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  CsvTable table;
  table.file = file;
  table.rows = collect(text, file);
  if (table.rows.empty()) throw InputError(file, "", "is empty, expected a header line and rows");
  std::set<std::string> names;
  for (const CsvCell& cell : table.rows.front()) {
    const std::string place = column_place(cell.line, table.header.size() + 1);
    if (cell.text.empty()) throw InputError(file, place, "is empty, expected a column's name");
    if (!names.insert(cell.text).second) {
      throw InputError(file, place, "repeats the column name " + quoted_cell(cell.text));
    }
    table.header.push_back(cell.text);
  }
  table.rows.erase(table.rows.begin());
  if (table.rows.empty()) throw InputError(file, "", "has a header line but no rows");
  for (const auto& row : table.rows) {
    if (row.size() == table.header.size()) continue;
    throw InputError(file,
                     column_place(row.front().line, std::min(row.size(), table.header.size()) + 1),
                     fmt::format("the row has {} cells, expected {} as the header has", row.size(),
                                 table.header.size()));
  }
  return table;
}

CsvTable read_csv(const std::filesystem::path& path) {
  return parse_csv(read_file(path), path.string());
}

}  // namespace sextant::io
