#pragma once

/// The safetensors container: an 8-byte little-endian header length, a JSON header, then raw
/// little-endian row-major tensor data.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/io/files.hpp"

namespace sextant::io {

/// Element types that are read or copied. Values of the types up to `bf16` can be converted.
/// `opaque`: any that is not known here, such as those below a byte; its bytes are only copied.
enum class ElementType { f64, f32, f16, bf16, other_8, other_16, other_32, other_64, opaque };

struct TensorInfo {
  std::string name = {};
  ElementType type = ElementType::f32;
  std::string type_name = {};           ///< As in the file: "F32", "BF16", "I64", ...
  std::vector<std::size_t> shape = {};  ///< Empty for a scalar.
  std::size_t begin = 0;                ///< Byte range within the data section.
  std::size_t end = 0;

  std::size_t elements() const;
  /// "[2, 3, 3]", for messages.
  std::string shape_text() const;
};

/// Bytes per element; 1 for `opaque`, whose bytes do not follow from its shape.
std::size_t element_size(ElementType type);

/// The parsed header of a safetensors image.
struct SafetensorsHeader {
  std::map<std::string, std::string> metadata = {};
  std::vector<TensorInfo> tensors = {};  ///< In the order of their data.
  std::size_t data_offset = 0;           ///< Where the data section begins in the image.
};

/// Checks and parses the header of a whole image. Throws `InputError` naming `file` and the tensor
/// when the length is wrong, the JSON is invalid, a shape overflows or does not match its byte
/// range, or ranges overlap, leave holes or do not cover the data exactly; a file of another kind
/// is named as `other_content` does. Metadata that are null are none.
SafetensorsHeader parse_safetensors(std::span<const std::byte> image, std::string_view file);

/// A memory-mapped safetensors file, or one in memory.
class SafetensorsFile {
 public:
  /// Throws `InputError`; see `parse_safetensors`.
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// `content` is the whole file, which messages call `name`. Throws likewise.
  SafetensorsFile(std::string content, std::string name);

  const std::string& path() const { return path_; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  const std::vector<TensorInfo>& tensors() const { return header_.tensors; }
  /// Null when there is no such tensor.
  const TensorInfo* find(std::string_view name) const;
  /// Throws `InputError` when there is no such tensor.
  const TensorInfo& at(std::string_view name) const;

  /// The tensor's bytes inside the file, valid as long as this object. Not necessarily aligned.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const;
  /// The values converted to double or float. Throws `InputError` for a type that is not floating.
  std::vector<double> doubles(const TensorInfo& tensor) const;
  std::vector<float> floats(const TensorInfo& tensor) const;

 private:
  std::span<const std::byte> image() const;

  std::string path_;
  std::optional<MappedFile> file_;  // or the content
  std::string content_;
  SafetensorsHeader header_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

/// Collects tensors and writes them atomically. The data is not copied: it must stay valid until
/// `write` returns.
class SafetensorsWriter {
 public:
  void set_metadata(std::string key, std::string value);
  /// Throws `ArgumentError` when the byte count does not match `shape` and the type, or the name is
  /// taken. `type_name` is a safetensors type such as "F64"; of one that is not known the byte
  /// count is taken as it is.
  void add(std::string name, std::string type_name, std::vector<std::size_t> shape,
           std::span<const std::byte> bytes);
  void add(std::string name, std::vector<std::size_t> shape, std::span<const double> values);
  void add(std::string name, std::vector<std::size_t> shape, std::span<const float> values);
  /// One tensor whose data lies in several pieces, concatenated in order without a copy.
  void add(std::string name, std::vector<std::size_t> shape,
           const std::vector<std::span<const double>>& pieces);
  /// Throws `InputError` when `path` cannot be written; then nothing is left behind.
  void write(const std::filesystem::path& path) const;

 private:
  struct Entry {
    TensorInfo info = {};
    std::vector<std::span<const std::byte>> pieces = {};
  };
  void add_pieces(std::string name, std::string type_name, std::vector<std::size_t> shape,
                  std::vector<std::span<const std::byte>> pieces);

  std::map<std::string, std::string> metadata_;
  std::vector<Entry> entries_;
};

/// IEEE half and bfloat16 to float, exactly.
float half_to_float(std::uint16_t bits);
float bfloat16_to_float(std::uint16_t bits);

}  // namespace sextant::io
