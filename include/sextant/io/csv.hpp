#pragma once

/// Comma-separated values with a header line (RFC 4180), with the place of every cell.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::io {

struct CsvCell {
  std::string text;      ///< Without quotes; blanks around an unquoted cell are dropped.
  std::size_t line = 0;  ///< Where it begins, from 1.
};

struct CsvTable {
  std::string file;                        ///< For messages.
  std::vector<std::string> header;         ///< [D] distinct names, none empty.
  std::vector<std::vector<CsvCell>> rows;  ///< [R][D]

  /// Index of a column by its name; throws `InputError` listing the names when there is none.
  std::size_t column(std::string_view name) const;
  /// "line 3, column 2 (age)", for messages about a cell.
  std::string place(std::size_t row, std::size_t column) const;
};

/// A cell in quotes for messages, cut after some 60 bytes.
std::string quoted_cell(std::string_view cell);

/// Parses text whose lines end in LF, CRLF or CR, with or without a byte-order mark; cells in
/// double quotes may hold commas, line ends and doubled quotes; empty lines are skipped. Throws
/// `InputError` naming `file`, line and column for a row with more or fewer cells than the header,
/// a stray or unclosed quote, a null byte, bytes that are not UTF-8, a header name that is empty or
/// repeated, and text without any row below the header. Cost: linear in the text.
CsvTable parse_csv(std::string_view text, std::string_view file);

/// `parse_csv` of a file. Throws `InputError` also when it cannot be read.
CsvTable read_csv(const std::filesystem::path& path);

}  // namespace sextant::io
