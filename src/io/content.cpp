#include "sextant/io/content.hpp"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>

namespace sextant::io {
namespace {

using namespace std::string_view_literals;

/// Bytes that a kind of file begins with, what it is, and what to do.
struct Signature {
  std::string_view bytes;
  std::string_view name;
  std::string_view remedy;
};

constexpr std::string_view convert =
    "convert it with the library that wrote it (`save_pretrained` of transformers writes "
    "safetensors)";

constexpr Signature signatures[] = {
    {"version https://git-lfs.github.com/"sv, "a Git LFS pointer",
     "run `git lfs pull` in the clone, or download the file itself"},
    {"\x80\x02\x8a\x0a"sv, "a Python pickle, as PyTorch writes old checkpoints", convert},
    {"\x89HDF\r\n"sv, "an HDF5 file, as TensorFlow writes checkpoints", convert},
    {"GGUF"sv, "a GGUF file", convert},
    {"\x93NUMPY"sv, "a NumPy array", "save it with safetensors.numpy.save_file"},
    {"\x89PNG"sv, "a picture (PNG)", ""},
    {"%PDF-"sv, "a PDF document", ""},
    {"\xd0\xcf\x11\xe0"sv, "an old Office document, as spreadsheets (.xls) are",
     "export it as text (CSV)"},
    {"\x1f\x8b\x08"sv, "compressed by gzip", "unpack it"}};

constexpr std::string_view zip = "PK\x03\x04";

/// A zip archive by the name of its first member.
Signature zip_signature(std::string_view text) {
  constexpr std::size_t name_begins = 30;
  constexpr std::size_t longest_name = 80;
  const std::string_view name =
      text.substr(std::min(name_begins, text.size())).substr(0, longest_name);
  for (const std::string_view member : {"[Content_Types].xml", "_rels/", "xl/", "mimetype"}) {
    if (name.starts_with(member)) {
      return {zip, "a zip archive, as spreadsheets (.xlsx, .ods) are", "export it as text (CSV)"};
    }
  }
  if (name.find("data.pkl") != std::string_view::npos) {
    return {zip, "a zip archive, as PyTorch writes checkpoints", convert};
  }
  return {zip, "a zip archive, as spreadsheets (.xlsx) and checkpoints of PyTorch are",
          "export a spreadsheet as text (CSV), convert a checkpoint with `save_pretrained` of "
          "transformers, or unpack it"};
}

std::string_view text_of(std::span<const std::byte> content) {
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

/// Without a byte-order mark and leading blanks.
std::string_view stripped(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

bool is_web_page(std::string_view text) {
  const std::string_view beginning = stripped(text).substr(0, 9);
  std::string lower;
  for (const char c : beginning) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower == "<!doctype" || lower.starts_with("<html") || lower.starts_with("<?xml");
}

bool is_safetensors(std::string_view text) {
  std::uint64_t length = 0;
  if (text.size() <= sizeof(length)) return false;
  std::memcpy(&length, text.data(), sizeof(length));
  constexpr std::uint64_t far_above_any = std::uint64_t{1} << 32;  // text reads as more than this
  return length < far_above_any && text[sizeof(length)] == '{';
}

/// With its byte-order mark, or, without it, every second byte of the beginning zero.
bool is_utf16(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return true;
  constexpr std::size_t looked_at = 8;
  if (text.size() < looked_at) return false;
  const auto zero_at = [&](std::size_t first) {
    for (std::size_t i = 0; i < looked_at; ++i) {
      if ((text[i] == '\0') != (i % 2 == first)) return false;
    }
    return true;
  };
  return zero_at(0) || zero_at(1);
}

/// No byte of the beginning is a control character, and all of it is UTF-8 (but for a character
/// that the end of the beginning cuts).
bool is_text(std::string_view text) {
  constexpr std::size_t looked_at = 4096;
  constexpr std::size_t longest_character = 4;
  const std::string_view beginning = text.substr(0, looked_at);
  const bool has_controls = std::ranges::any_of(beginning, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && (byte < '\t' || byte > '\r') && byte != 0x1b;
  });
  if (has_controls) return false;
  const std::size_t valid = first_invalid_utf8(beginning);
  return valid == beginning.size() ||
         (text.size() > looked_at && valid + longest_character > beginning.size());
}

/// The first characters of the first line, in quotation marks.
std::string first_words(std::string_view text) {
  constexpr std::size_t most = 30;
  const std::string_view line = stripped(text).substr(0, stripped(text).find_first_of("\r\n"));
  std::size_t size = std::min(line.size(), most);
  while (size > 0 && size < line.size() && (static_cast<unsigned char>(line[size]) & 0xC0U) == 0x80)
    --size;
  return fmt::format("\"{}{}\"", line.substr(0, size), size < line.size() ? "..." : "");
}

}  // namespace

bool is_placeholder(std::span<const std::byte> content) {
  const std::string_view text = text_of(content);
  return text.starts_with(signatures[0].bytes) || is_web_page(text);
}

std::size_t first_invalid_utf8(std::string_view text) {
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

std::string utf8_problem(std::string_view text) {
  const std::size_t at = first_invalid_utf8(text);
  if (at == text.size()) return {};
  return fmt::format("is not valid UTF-8 at byte {} (0x{:02X})", at,
                     static_cast<unsigned char>(text[at]));
}

Content content_of(std::span<const std::byte> content) {
  const std::string_view text = text_of(content);
  if (text.empty()) return Content::empty;
  if (is_safetensors(text)) return Content::safetensors;
  if (is_placeholder(content)) return Content::placeholder;
  if (is_utf16(text) || text.starts_with(zip)) return Content::foreign;
  for (const Signature& one : signatures) {
    if (text.starts_with(one.bytes)) return Content::foreign;
  }
  const std::string_view first = stripped(text).substr(0, 1);
  if (first == "{" || first == "[") return Content::json;
  return is_text(text) ? Content::text : Content::unknown;
}

std::string other_content(std::span<const std::byte> content, std::string_view expected) {
  const std::string_view text = text_of(content);
  const auto message = [&](std::string_view name, std::string_view remedy) {
    return fmt::format("is {}, expected {}{}{}", name, expected, remedy.empty() ? "" : ": ",
                       remedy);
  };
  switch (content_of(content)) {
    case Content::empty:
      return message("empty", "a download or a writing that was stopped leaves such a file");
    case Content::safetensors:
      return expected == "a safetensors file" ? "" : message("a safetensors file", "");
    case Content::json:
      return expected == "JSON" ? "" : message("JSON", "");
    case Content::text:
      return message(fmt::format("text that begins with {}", first_words(text)), "");
    case Content::unknown:
      return {};
    case Content::placeholder:
    case Content::foreign:
      break;
  }
  if (is_utf16(text)) return message("text in UTF-16", "save it as UTF-8");
  if (is_web_page(text)) {
    return message("a web page",
                   "a server answered with a login or an error; download the file again");
  }
  if (text.starts_with(zip)) {
    const Signature one = zip_signature(text);
    return message(one.name, one.remedy);
  }
  for (const Signature& one : signatures) {
    if (text.starts_with(one.bytes)) return message(one.name, one.remedy);
  }
  return {};
}

}  // namespace sextant::io
