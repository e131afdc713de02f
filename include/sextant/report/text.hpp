#pragma once

/// Text for terminals: what a string occupies on screen, and how numbers are written for people.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::report {

/// What the reader's terminal can show.
struct TerminalStyle {
  int width = 80;       ///< Columns, at least 40.
  bool colour = false;  ///< Escape sequences for 256 colours and bold are understood.
};

/// The style for an open stream: 80 columns without colour unless `descriptor` is a terminal. On a
/// terminal its width, limited to [40, 120], and colour unless the environment sets NO_COLOR to
/// anything but the empty string or TERM is "dumb".
TerminalStyle terminal_style(int descriptor);

/// The same text as valid UTF-8 on one line: control characters, bidirectional overrides and bytes
/// that are not UTF-8 become U+FFFD, tabs and line ends a space. Names come from files, and must
/// not move the cursor.
std::string printable(std::string_view text);

/// Columns that UTF-8 text occupies: 2 for wide East Asian characters and emoji, 0 for combining
/// marks and format characters, 1 otherwise (an invalid byte counts as 1).
int display_width(std::string_view text);

/// At most `width` columns (at least 1) of `text`: what does not fit is taken out of the middle
/// and replaced by "…", because names of blocks differ at their ends.
std::string shorten(std::string_view text, int width);

/// `text` padded with spaces to `width` columns; longer text is returned as it is.
std::string pad_right(std::string_view text, int width);
std::string pad_left(std::string_view text, int width);

/// `piece` written `count` times.
std::string repeat(std::string_view piece, int count);

/// Breaks text at spaces into lines of at most `width` columns, each starting with `indent`.
/// A word longer than a line stands alone. No line end after the last line.
std::string wrap(std::string_view text, int width, std::string_view indent = {});

/// `text` in bold where the terminal understands it.
std::string bold(std::string_view text, const TerminalStyle& style);

/// A section: an empty line, the title in bold, and `body`. Nothing without a body.
std::string titled(std::string_view title, const std::string& body, const TerminalStyle& style);

/// One item each after "- ", wrapped.
std::string list(std::span<const std::string> items, const TerminalStyle& style);

/// A number for people: `digits` significant digits (at least 1), integers below 10^7 in full, no
/// trailing zeros, powers of ten only below 1e-4 or from 10^7 on. NaN is "–", infinity "∞". Throws
/// `ArgumentError` for digits below 1.
std::string format_number(double value, int digits = 4);

/// A column of numbers for people: one number of decimals for all, so that the points align; the
/// largest value gets `digits` significant digits and the smallest at least two, unless it is
/// smaller than the largest by seven orders of magnitude, when it is written as a power of ten.
/// Integers below 10^15 stand in full; a column wholly below 1e-4 is written in powers of ten.
/// Throws `ArgumentError` for digits below 1.
std::vector<std::string> format_numbers(std::span<const double> values, int digits = 4);

}  // namespace sextant::report
