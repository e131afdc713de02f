#pragma once

/// What the text of a table's cells says: nothing, a number, or a name.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::task {

/// Without blanks at its ends, of which U+00A0 is one.
std::string_view trimmed(std::string_view text);

std::string in_lower_case(std::string_view text);

/// Whether a cell of a feature is empty or one of the usual words for a missing value, in any case:
/// those that pandas knows (NA, N/A, NaN, null, None, #N/A, <NA>, ...), N.A., k.A., ?, \N, a dash,
/// and the errors of spreadsheets (#DIV/0!, #VALUE!, #NV, #WERT!, ...).
bool is_missing(std::string_view text);
/// The same in a column; `beside_plus`: one of its cells is +, and so a dash is a name as well.
bool is_missing(std::string_view text, bool beside_plus);

/// The number that the whole text is: a sign, digits with a point, an exponent; also "inf" and what
/// is beyond a double (infinite, or 0). A minus sign may be U+2212. Never NaN.
std::optional<double> plain_number(std::string_view text);

/// `plain_number`, or with a decimal comma.
std::optional<double> common_number(std::string_view text);

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_point(std::string_view text);

/// U+2212, a minus sign that is not ASCII's.
inline constexpr std::string_view wide_minus = "\xE2\x88\x92";
bool has_wide_minus(std::string_view text);

/// One way of writing numbers that all cells of a column may follow.
struct Notation {
  std::string group;        ///< Between thousands: a comma, point, blank or apostrophe, or nothing.
  char decimal = '.';       ///< A point or a comma.
  std::string unit;         ///< A currency's sign or %, which every cell then has; or nothing.
  bool unit_first = false;  ///< Whether the unit stands before the number.
  bool is_plain() const { return group.empty() && decimal == '.' && unit.empty(); }

  /// The number that the whole cell is in this notation, as `plain_number`.
  std::optional<double> read(std::string_view cell) const;
  /// `"$" before them, commas between thousands`; empty for plain numbers.
  std::string description() const;
};

/// How a column of cells, none missing, writes its numbers.
struct ColumnNotation {
  /// Those in which every cell is a number, plain numbers first; empty when there are none.
  std::vector<Notation> all;
  /// The notation in which most cells are numbers, how many, and the first cell that is none.
  Notation best;
  std::size_t numbers = 0;
  std::size_t first_other = 0;
};

/// `delimiter` of the file decides whether 1,234 is rather 1234 (with commas) or 1.234 (without).
ColumnNotation notation_of(const std::vector<std::string_view>& cells, char delimiter);

/// What the numbers of a column say of the decimal mark of its file.
enum class DecimalMark {
  unknown,      ///< Nothing: whole numbers, categories, or 1.234, which may be thousands.
  maybe_comma,  ///< 1,234 and the like, read as decimals for want of anything better.
  point,        ///< Points that cannot stand between thousands.
  comma         ///< Commas that cannot stand between thousands, or points between thousands.
};

/// `notation` is that of `cells`.
DecimalMark decimal_mark(const ColumnNotation& notation,
                         const std::vector<std::string_view>& cells);
/// Of the notations of `cells` the one that these and whatever is later read beside them are
/// numbers in: with the mark that other columns of the file have, where this one shows none. Whole
/// numbers are plain, but may have points between thousands where `mark` is `comma`. `notation.all`
/// must not be empty.
Notation chosen_notation(const ColumnNotation& notation, DecimalMark mark,
                         const std::vector<std::string_view>& cells);
/// The first of the cells with a point where these may as well be thousands: all cells that have
/// one are like 1.020, beside others without.
std::optional<std::size_t> possible_thousands(const ColumnNotation& notation,
                                              const Notation& chosen,
                                              const std::vector<std::string_view>& cells);
/// Whether the point of a cell that is not one of the column's may as well stand between thousands:
/// no cell of the column shows what its points are.
bool has_doubtful_point(const ColumnNotation& notation, const Notation& chosen,
                        std::string_view cell);
/// Whether the cell is a number in any notation.
bool is_number(std::string_view cell);

}  // namespace sextant::task
