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
    {"PK\x03\x04"sv, "a zip archive, as PyTorch writes checkpoints", convert},
    {"\x80\x02\x8a\x0a"sv, "a Python pickle, as PyTorch writes old checkpoints", convert},
    {"\x89HDF\r\n"sv, "an HDF5 file, as TensorFlow writes checkpoints", convert},
    {"GGUF"sv, "a GGUF file", convert},
    {"\x93NUMPY"sv, "a NumPy array", "save it with safetensors.numpy.save_file"},
    {"\x1f\x8b\x08"sv, "compressed by gzip", "unpack it"}};

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

std::string other_content(std::span<const std::byte> content, std::string_view expected) {
  const std::string_view text = text_of(content);
  const auto message = [&](std::string_view name, std::string_view remedy) {
    return fmt::format("is {}, expected {}{}{}", name, expected, remedy.empty() ? "" : ": ",
                       remedy);
  };
  if (is_safetensors(text)) {
    return expected == "a safetensors file" ? "" : message("a safetensors file", "");
  }
  if (is_utf16(text)) return message("text in UTF-16", "save it as UTF-8");
  if (is_web_page(text)) {
    return message("a web page",
                   "a server answered with a login or an error; download the file again");
  }
  for (const Signature& one : signatures) {
    if (text.starts_with(one.bytes)) return message(one.name, one.remedy);
  }
  const std::string_view first = stripped(text).substr(0, 1);
  if ((first == "{" || first == "[") && expected != "JSON") return message("JSON", "");
  return {};
}

}  // namespace sextant::io
