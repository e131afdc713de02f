#pragma once

/// Recognising files that hold something else than their names say.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sextant::io {

/// What a file holds, by its first bytes.
enum class Content {
  empty,        ///< No byte at all.
  safetensors,  ///< Cut off ones too.
  json,         ///< Text that begins with { or [, maybe cut off or with mistakes.
  placeholder,  ///< A Git LFS pointer or a web page in place of the file.
  foreign,      ///< A format that nothing here reads: archives, checkpoints, pictures, UTF-16.
  text,         ///< Other text in UTF-8, such as a table.
  unknown       ///< Other bytes.
};

Content content_of(std::span<const std::byte> content);

/// What a file that is not `expected` ("JSON", "a safetensors file") most likely is, as the end of
/// an error's message with the remedy: "is a Git LFS pointer, expected JSON: ...". Recognised by
/// their first bytes: empty files, Git LFS pointers, web pages, PyTorch, TensorFlow and GGUF
/// checkpoints, spreadsheets, NumPy arrays, pictures, gzip, text in UTF-16, JSON and safetensors
/// (cut off ones too), and other text. Empty for what is not known. Cost: constant, but for leading
/// blanks.
std::string other_content(std::span<const std::byte> content, std::string_view expected);

/// Whether it is a Git LFS pointer or a web page: what stands in place of a file that was not
/// really downloaded, and never the content of a model's file.
bool is_placeholder(std::span<const std::byte> content);

/// Where the first bytes stand that are not UTF-8; the text's size when all are.
std::size_t first_invalid_utf8(std::string_view text);

/// "is not valid UTF-8 at byte 3 (0xFF)", the end of an error's message; empty for valid UTF-8.
std::string utf8_problem(std::string_view text);

}  // namespace sextant::io
