#include "architecture/format_calls.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace sextant::architecture {
namespace {

struct Token {
  enum class Kind { word, literal, mark };
  Kind kind;
  std::string text;  ///< Of a literal the characters that it stands for, as far as fmt cares.
  std::size_t line;
  bool after_space = false;  ///< Of a mark: how formatted code tells a < b from a<b>.
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Reads C++ as far as needed here: words and numbers, string literals, single characters.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> tokens() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (rest().starts_with("//")) {
        skip_to("\n");
      } else if (rest().starts_with("/*")) {
        skip_to("*/");
        at_ = std::min(at_ + 2, text_.size());
      } else if (is_word(c)) {
        read_word();
      } else if (c == '"') {
        tokens_.push_back({Token::Kind::literal, read_quoted('"'), line_});
      } else if (c == '\'') {
        read_quoted('\'');
        tokens_.push_back({Token::Kind::word, "'", line_});
      } else {
        if (std::isspace(static_cast<unsigned char>(c)) == 0) {
          const bool after_space =
              at_ > 0 && std::isspace(static_cast<unsigned char>(text_[at_ - 1])) != 0;
          tokens_.push_back({Token::Kind::mark, std::string(1, c), line_, after_space});
        }
        advance();
      }
    }
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  void advance() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  void skip_to(std::string_view end) {
    while (at_ < text_.size() && !rest().starts_with(end)) advance();
  }
  void read_word() {
    const std::size_t begin = at_;
    const bool number = std::isdigit(static_cast<unsigned char>(text_[at_])) != 0;
    // 200'000 is one number.
    while (at_ < text_.size() &&
           (is_word(text_[at_]) ||
            (number && text_[at_] == '\'' && at_ + 1 < text_.size() && is_word(text_[at_ + 1])))) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    static const std::set<std::string_view> raw{"R", "uR", "u8R", "UR", "LR"};
    static const std::set<std::string_view> prefix{"u", "u8", "U", "L"};
    const bool quote = rest().starts_with('"');
    if (quote && raw.contains(word)) {
      tokens_.push_back({Token::Kind::literal, read_raw(), line_});
    } else if (!quote || !prefix.contains(word)) {
      tokens_.push_back({Token::Kind::word, std::string(word), line_});
    }
  }
  std::string read_raw() {
    ++at_;
    const std::size_t open = std::min(text_.find('(', at_), text_.size());
    const std::string end = ")" + std::string(text_.substr(at_, open - at_)) + "\"";
    at_ = std::min(open + 1, text_.size());
    const std::size_t begin = at_;
    skip_to(end);
    const std::string content(text_.substr(begin, at_ - begin));
    at_ = std::min(at_ + end.size(), text_.size());
    return content;
  }
  /// Escapes become a space: none of them stands for a brace here.
  std::string read_quoted(char quote) {
    std::string content;
    for (advance(); at_ < text_.size() && text_[at_] != quote; advance()) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        advance();
        content += ' ';
      } else {
        content += text_[at_];
      }
    }
    if (at_ < text_.size()) ++at_;
    return content;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::vector<Token> tokens_;
};

using Tokens = std::span<const Token>;

bool is_mark(const Token& token, char c) {
  return token.kind == Token::Kind::mark && token.text[0] == c;
}

/// The number of tokens of template arguments that begin with "<" at `begin`; 0 where it is a
/// comparison.
std::size_t template_arguments(Tokens tokens, std::size_t begin) {
  int depth = 0;
  for (std::size_t i = begin; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (is_mark(token, '<')) ++depth;
    if (is_mark(token, '>') && --depth == 0) return i - begin + 1;
    if (token.kind == Token::Kind::literal) return 0;
    constexpr std::string_view allowed = "<>:,*&";
    if (token.kind == Token::Kind::mark && allowed.find(token.text[0]) == std::string_view::npos) {
      return 0;
    }
  }
  return 0;
}

/// The arguments of a call whose "(" is at `open`; empty where it does not end.
std::optional<std::vector<Tokens>> arguments_of(Tokens tokens, std::size_t open) {
  std::vector<Tokens> arguments;
  int depth = 0;
  std::size_t begin = open + 1;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.kind != Token::Kind::mark) continue;
    const char c = token.text[0];
    const bool after_word = i > 0 && tokens[i - 1].kind == Token::Kind::word;
    if (c == '<' && after_word && !token.after_space) {
      const std::size_t skipped = template_arguments(tokens, i);
      if (skipped > 0) i += skipped - 1;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    }
    if (depth == 0 || (c == ',' && depth == 1)) {
      arguments.push_back(tokens.subspan(begin, i - begin));
      begin = i + 1;
    }
    if (depth == 0) return arguments;
  }
  return std::nullopt;
}

/// The formats that an argument may be: a literal, or what follows ? and : of one or more choices
/// between literals. Empty where it is something else.
std::vector<std::string> formats_of(Tokens argument) {
  const auto question =
      std::ranges::find_if(argument, [](const Token& t) { return is_mark(t, '?'); });
  if (question == argument.end()) {
    std::string joined;
    for (const Token& token : argument) {
      if (token.kind != Token::Kind::literal) return {};
      joined += token.text;
    }
    return argument.empty() ? std::vector<std::string>() : std::vector<std::string>{joined};
  }
  const Tokens branches =
      argument.subspan(static_cast<std::size_t>(question - argument.begin()) + 1);
  const auto colon = std::ranges::find_if(branches, [](const Token& t) { return is_mark(t, ':'); });
  if (colon == branches.end()) return {};
  const auto at = static_cast<std::size_t>(colon - branches.begin());
  std::vector<std::string> formats = formats_of(branches.first(at));
  const std::vector<std::string> others = formats_of(branches.subspan(at + 1));
  if (formats.empty() || others.empty()) return {};
  formats.insert(formats.end(), others.begin(), others.end());
  return formats;
}

/// The arguments that a format's placeholders use; empty for names, which are not counted here.
std::optional<std::set<std::size_t>> used_arguments(std::string_view format) {
  std::set<std::size_t> used;
  std::size_t next = 0;
  int depth = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '}' && depth > 0) --depth;
    if (format[i] != '{') continue;
    if (depth == 0 && format.substr(i).starts_with("{{")) {
      ++i;
      continue;
    }
    ++depth;  // a placeholder, or inside of one a width or precision that is an argument
    const std::size_t end = std::min(format.find_first_of(":}", i), format.size());
    const std::string name(format.substr(i + 1, end - i - 1));
    if (name.empty()) {
      used.insert(next++);
    } else if (std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; })) {
      used.insert(std::stoul(name));
    } else {
      return std::nullopt;
    }
  }
  return used;
}

std::string counted_noun(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void check_call(const std::string& function, const std::vector<Tokens>& arguments, std::size_t line,
                FormatCalls& result) {
  // What comes before the format: a file or stream, an iterator, an iterator and a size.
  const std::size_t most_before = function == "format_to_n"                        ? 2
                                  : function == "format_to" || function == "print" ? 1
                                                                                   : 0;
  std::size_t at = 0;
  std::vector<std::string> formats;
  for (; at <= most_before && at < arguments.size() && formats.empty(); ++at) {
    formats = formats_of(arguments[at]);
  }
  const std::size_t given = arguments.size() - at;
  const bool has_pack = arguments.back().size() >= 3 && is_mark(arguments.back().back(), '.');
  if (formats.empty() || has_pack) {
    ++result.unknown;
    return;
  }
  bool known = true;
  for (const std::string& format : formats) {
    const auto used = used_arguments(format);
    known = known && used.has_value();
    if (!used) continue;
    const bool all_used = used->size() == given && (given == 0 || *used->rbegin() == given - 1);
    if (all_used) continue;
    result.faults.push_back("line " + std::to_string(line) + ": " +
                            counted_noun(used->size(), "placeholder") + " for " +
                            counted_noun(given, "argument") + ": \"" + format + "\"");
  }
  ++(known ? result.checked : result.unknown);
}

}  // namespace

FormatCalls find_format_calls(std::string_view text) {
  static const std::set<std::string> functions{"format", "print", "format_to", "format_to_n",
                                               "formatted_size"};
  FormatCalls result;
  const std::vector<Token> tokens = Lexer(text).tokens();
  for (std::size_t i = 0; i + 4 < tokens.size(); ++i) {
    const bool call = tokens[i].text == "fmt" && is_mark(tokens[i + 1], ':') &&
                      is_mark(tokens[i + 2], ':') && functions.contains(tokens[i + 3].text) &&
                      is_mark(tokens[i + 4], '(');
    if (!call) continue;
    const auto arguments = arguments_of(tokens, i + 4);
    if (!arguments) {
      result.faults.push_back("line " + std::to_string(tokens[i].line) + ": does not end");
    } else {
      check_call(tokens[i + 3].text, *arguments, tokens[i].line, result);
    }
  }
  return result;
}

FormatCalls find_format_calls_below(const std::filesystem::path& folder) {
  FormatCalls result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp")) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const FormatCalls found = find_format_calls(text);
    result.checked += found.checked;
    result.unknown += found.unknown;
    for (const std::string& fault : found.faults) {
      result.faults.push_back(entry.path().string() + ", " + fault);
    }
  }
  std::ranges::sort(result.faults);
  return result;
}

std::vector<std::string> literals(std::string_view text) {
  std::vector<std::string> found;
  for (const Token& token : Lexer(text).tokens()) {
    if (token.kind == Token::Kind::literal) found.push_back(token.text);
  }
  return found;
}

std::vector<std::string> identifiers(std::string_view text) {
  std::vector<std::string> words;
  for (const Token& token : Lexer(text).tokens()) {
    if (token.kind == Token::Kind::word) words.push_back(token.text);
  }
  return words;
}

}  // namespace sextant::architecture
