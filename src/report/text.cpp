#include "sextant/report/text.hpp"

#include <sys/ioctl.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "sextant/core/errors.hpp"

namespace sextant::report {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ellipsis = "…";

struct Character {
  UChar32 code = 0;  // Negative for a byte that is not UTF-8.
  std::string_view bytes;
};

std::vector<Character> characters(std::string_view text) {
  std::vector<Character> result;
  result.reserve(text.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    const std::int32_t begin = i;
    UChar32 code = 0;
    U8_NEXT(data, i, size, code);
    result.push_back({code, text.substr(begin, i - begin)});
  }
  return result;
}

int width_of(UChar32 code) {
  if (code < 0) return 1;
  const auto type = u_charType(code);
  if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) return 0;
  const int breadth = u_getIntPropertyValue(code, UCHAR_EAST_ASIAN_WIDTH);
  return breadth == U_EA_WIDE || breadth == U_EA_FULLWIDTH ? 2 : 1;
}

bool moves_the_cursor(UChar32 code) {
  return u_charType(code) == U_CONTROL_CHAR || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

TerminalStyle terminal_style(int descriptor) {
  TerminalStyle style;
  if (isatty(descriptor) == 0) return style;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.width = std::clamp<int>(size.ws_col, 40, 120);
  }
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  style.colour = (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
                 std::string_view(terminal) != "dumb";
  return style;
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const Character& character : characters(text)) {
    if (character.code == '\n' || character.code == '\r' || character.code == '\t') {
      result += ' ';
    } else if (character.code < 0 || moves_the_cursor(character.code)) {
      result += replacement;
    } else {
      result += character.bytes;
    }
  }
  return result;
}

int display_width(std::string_view text) {
  int width = 0;
  for (const Character& character : characters(text)) width += width_of(character.code);
  return width;
}

std::string shorten(std::string_view text, int width) {
  check_positive("report::shorten", "width", width);
  if (display_width(text) <= width) return std::string(text);
  const auto all = characters(text);
  const int head_room = (width - 1) / 2;
  std::string head;
  int used = 0;
  for (const Character& character : all) {
    if (used + width_of(character.code) > head_room) break;
    used += width_of(character.code);
    head += character.bytes;
  }
  std::size_t first = all.size();
  int tail = 0;
  while (first > 0 && tail + width_of(all[first - 1].code) <= width - 1 - used) {
    tail += width_of(all[--first].code);
  }
  std::string result = head + std::string(ellipsis);
  for (std::size_t i = first; i < all.size(); ++i) result += all[i].bytes;
  return result;
}

std::string pad_right(std::string_view text, int width) {
  return std::string(text) + std::string(std::max(0, width - display_width(text)), ' ');
}

std::string pad_left(std::string_view text, int width) {
  return std::string(std::max(0, width - display_width(text)), ' ') + std::string(text);
}

std::string repeat(std::string_view piece, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += piece;
  return result;
}

std::string wrap(std::string_view text, int width, std::string_view indent) {
  std::string result(indent);
  int used = display_width(indent);
  bool at_start = true;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const int word_width = display_width(word);
    if (!at_start && used + 1 + word_width > width) {
      result += '\n';
      result += indent;
      used = display_width(indent);
      at_start = true;
    }
    if (!at_start) result += ' ';
    result += word;
    used += word_width + (at_start ? 0 : 1);
    at_start = false;
  }
  return result;
}

std::string titled(std::string_view title, const std::string& body, const TerminalStyle& style) {
  return body.empty() ? std::string() : "\n" + bold(title, style) + "\n" + body;
}

std::string list(std::span<const std::string> items, const TerminalStyle& style) {
  std::string out;
  for (const std::string& item : items) {
    std::string lines = wrap(printable(item), style.width, "  ");
    lines[0] = '-';
    out += lines + "\n";
  }
  return out;
}

std::string bold(std::string_view text, const TerminalStyle& style) {
  return style.colour ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

}  // namespace sextant::report
