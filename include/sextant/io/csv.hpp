#pragma once

/// Comma-separated values with a header line (RFC 4180), with the place of every cell; also with
/// semicolons, tabs or vertical bars in place of the commas.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::io {

/// What the first line of a table holds.
enum class Header {
  unsure,  ///< Names of the columns; who reads the table looks whether they can be names.
  given,   ///< Names of the columns, whatever they look like.
  absent   ///< A row: columns are called column1, column2, ...
};

struct CsvOptions {
  /// What separates cells: any ASCII character but a quote, a blank, a letter, a digit and the end
  /// of a line; a tab is one. Empty: found from the header.
  std::optional<char> delimiter = {};
  Header header = Header::unsure;
};

struct CsvCell {
  std::string text = {};  ///< Without quotes; blanks around an unquoted cell are dropped.
  std::size_t line = 0;   ///< Where it begins, from 1; 0 in a table that no file holds.
};

struct CsvTable {
  std::string file = {};                        ///< For messages.
  std::vector<std::string> header = {};         ///< [D] distinct names, none empty.
  std::vector<std::vector<CsvCell>> rows = {};  ///< [R][D], none with empty cells alone.
  std::size_t header_line = 1;                  ///< Where the header (or the first row) stands.
  Header header_kind = Header::unsure;
  char delimiter = ',';
  std::size_t blank_rows = 0;       ///< Rows that were left out since all their cells are empty.
  std::size_t first_blank_row = 0;  ///< The line of the first of them; 0 without.
  std::vector<std::string> notes = {};  ///< What was decided about the file and may not be meant.

  /// Index of a column by its name; throws `InputError` with the names and the likely one when
  /// there is none.
  std::size_t column(std::string_view name) const;
  /// "line 3", for messages about a row; "rows[1]" where it has no line.
  std::string place(std::size_t row) const;
  /// "line 3, column 2 (age)", for messages about a cell.
  std::string place(std::size_t row, std::size_t column) const;
  /// "line 1", or "header" in a table without lines.
  std::string header_place() const;
};

/// A cell in quotes for messages, cut after some 60 bytes.
std::string quoted_cell(std::string_view cell);

/// "commas", "semicolons", "tabs", "vertical bars" or the character in quotes.
std::string delimiter_name(char delimiter);

/// Parses text whose lines end in LF, CRLF or CR, with or without a byte-order mark; cells in
/// double quotes may hold delimiters, line ends and doubled quotes; empty lines are skipped, and so
/// are rows whose cells are all empty, which are counted.
///
/// Without `options.delimiter` it is one of comma, semicolon, tab and vertical bar: of those in the
/// header with which all rows have as many cells as the header, the one that makes most columns (of
/// equals the first); any but the comma is told in `notes`. A first line such as sep=;, which Excel
/// knows, says it, too; it is no header.
///
/// Throws `InputError` naming `file`, line, column and the likely cause for a row with more or
/// fewer cells than the header, a stray or unclosed quote, a null byte, bytes that are not UTF-8, a
/// header name that is empty or repeated, JSON, a safetensors file or a spreadsheet in place of a
/// table, and text without any row below the header; `ArgumentError` for a delimiter that cannot be
/// one. Cost: linear in the text.
CsvTable parse_csv(std::string_view text, std::string_view file, const CsvOptions& options = {});

/// `parse_csv` of a file. Throws `InputError` also when it cannot be read.
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// The text behind a byte-order mark of UTF-8, if it has one. Throws `InputError` for one of
/// UTF-16, for a zip archive, as a spreadsheet is one, and for a Git LFS pointer, a web page or one
/// of the formats that `other_content` knows in place of the file.
std::string_view without_byte_order_mark(std::string_view text, std::string_view file);

}  // namespace sextant::io
