#include "text_steps.hpp"

#include <charconv>

#include "byte_level.hpp"
#include "unicode.hpp"

namespace sextant::tokenizer {
namespace {

using Range = std::pair<std::size_t, std::size_t>;

/// Where `pattern` matches; matches of a string do not overlap.
std::vector<Range> find_all(const Pattern& pattern, std::string_view text) {
  if (const auto* expression = std::get_if<RegularExpression>(&pattern)) {
    return expression->matches(text);
  }
  const std::string& part = std::get<std::string>(pattern);
  std::vector<Range> result;
  if (part.empty()) return result;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    result.emplace_back(at, at + part.size());
  }
  return result;
}

std::string replaced(const Replace& step, std::string_view text) {
  std::string result;
  std::size_t done = 0;
  for (const auto& [begin, end] : find_all(step.pattern, text)) {
    result += text.substr(done, begin - done);
    result += step.content;
    done = end;
  }
  result += text.substr(done);
  return result;
}

struct Normalize {
  std::string text;

  void operator()(UnicodeForm form) { text = in_form(form, text); }
  void operator()(const Prepend& step) {
    if (!text.empty()) text = step.text + text;
  }
  void operator()(const Replace& step) { text = replaced(step, text); }
  void operator()(const Lowercase&) { text = lowered(text); }
};

/// A part of a text, and whether it matched.
struct Part {
  Range range;
  bool matches;
};

/// All of `text`, cut at the ends of matches, without empty parts.
std::vector<Part> parts_of(const std::vector<Range>& matches, std::size_t size, bool invert) {
  std::vector<Part> parts;
  std::size_t done = 0;
  const auto add = [&](std::size_t begin, std::size_t end, bool is_match) {
    if (begin < end) parts.push_back({{begin, end}, is_match != invert});
  };
  for (const auto& [begin, end] : matches) {
    add(done, begin, false);
    add(begin, end, true);
    done = end;
  }
  add(done, size, false);
  return parts;
}

/// Parts in the order of `behavior` as ranges.
std::vector<Range> arranged(const std::vector<Part>& parts, SplitBehavior behavior) {
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& [range, matches] = parts[i];
    const bool after_match = i > 0 && parts[i - 1].matches;
    bool joins = false;
    switch (behavior) {
      case SplitBehavior::removed:
        if (matches) continue;
        break;
      case SplitBehavior::isolated:
        break;
      case SplitBehavior::merged_with_previous:
        joins = i > 0 && matches && !after_match;
        break;
      case SplitBehavior::merged_with_next:
        joins = i > 0 && !matches && after_match;
        break;
      case SplitBehavior::contiguous:
        joins = i > 0 && matches == after_match;
        break;
    }
    if (joins) {
      ranges.back().second = range.second;
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

std::vector<Range> ranges_of(const Split& step, std::string_view text) {
  return arranged(parts_of(find_all(step.pattern, text), text.size(), step.invert), step.behavior);
}

std::vector<Range> ranges_of(const Digits& step, std::string_view text) {
  std::vector<Range> numbers;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (is_number(next_code_point(text, at))) numbers.emplace_back(begin, at);
  }
  return arranged(parts_of(numbers, text.size(), false),
                  step.individually ? SplitBehavior::isolated : SplitBehavior::contiguous);
}

/// The byte that a name such as <0x0A> stands for.
std::optional<char> named_byte(std::string_view name) {
  if (name.size() != 6 || !name.starts_with("<0x") || name.back() != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(name.data() + 3, name.data() + 5, value, 16);
  if (error != std::errc() || end != name.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

struct Decode {
  std::vector<std::string> pieces;

  void operator()(const Replace& step) {
    for (std::string& piece : pieces) piece = replaced(step, piece);
  }
  void operator()(const ByteFallback&) {
    std::vector<std::string> result;
    std::string bytes;
    const auto flush = [&] {
      if (!bytes.empty()) result.push_back(as_text(bytes));
      bytes.clear();
    };
    for (std::string& piece : pieces) {
      if (const auto byte = named_byte(piece)) {
        bytes += *byte;
        continue;
      }
      flush();
      result.push_back(std::move(piece));
    }
    flush();
    pieces = std::move(result);
  }
  void operator()(const Fuse&) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    pieces = {std::move(all)};
  }
  void operator()(const Strip& step) {
    for (std::string& piece : pieces) {
      for (std::size_t i = 0; i < step.start && piece.starts_with(step.content); ++i) {
        piece.erase(0, step.content.size());
      }
      for (std::size_t i = 0; i < step.stop && piece.ends_with(step.content); ++i) {
        piece.erase(piece.size() - step.content.size());
      }
    }
  }
  void operator()(const Metaspace& step) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool drops = i == 0 && step.scheme != Metaspace::Scheme::never;
      pieces[i] = replaced({step.mark, drops ? "" : " "}, pieces[i]);
    }
  }
  void operator()(const ByteLevelNames&) {
    std::string bytes;
    for (const std::string& name : pieces) bytes += bytes_of_name(name);
    pieces = {replace_invalid_utf8(bytes)};
  }

 private:
  /// Bytes that are no text stand for one unknown character each.
  static std::string as_text(const std::string& bytes) {
    if (replace_invalid_utf8(bytes) == bytes) return bytes;
    std::string unknown;
    for (std::size_t i = 0; i < bytes.size(); ++i) append_code_point(unknown, 0xFFFD);
    return unknown;
  }
};

}  // namespace

std::string normalized(const std::vector<NormalizerStep>& steps, std::string_view text) {
  Normalize run{std::string(text)};
  for (const NormalizerStep& step : steps) std::visit(run, step);
  return std::move(run.text);
}

std::vector<std::string_view> split(const std::vector<SplitStep>& steps, std::string_view text) {
  std::vector<std::string_view> pieces = {text};
  for (const SplitStep& step : steps) {
    std::vector<std::string_view> next;
    for (const std::string_view piece : pieces) {
      const auto ranges = std::visit([&](const auto& one) { return ranges_of(one, piece); }, step);
      for (const auto& [begin, end] : ranges) next.push_back(piece.substr(begin, end - begin));
    }
    pieces = std::move(next);
  }
  return pieces;
}

std::string with_marks(const Metaspace& metaspace, std::string_view piece, bool is_first) {
  std::string result = replaced({std::string(" "), metaspace.mark}, piece);
  const bool adds = metaspace.scheme == Metaspace::Scheme::always ||
                    (metaspace.scheme == Metaspace::Scheme::first && is_first);
  if (adds && !result.starts_with(metaspace.mark)) result = metaspace.mark + result;
  return result;
}

std::string decoded(const std::vector<DecoderStep>& steps, std::vector<std::string> names) {
  Decode run{std::move(names)};
  for (const DecoderStep& step : steps) std::visit(run, step);
  std::string text;
  for (const std::string& piece : run.pieces) text += piece;
  return text;
}

}  // namespace sextant::tokenizer
