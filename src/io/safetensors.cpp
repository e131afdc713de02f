#include "sextant/io/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "sextant/core/errors.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/json.hpp"

namespace sextant::io {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

namespace {

constexpr std::size_t length_bytes = 8;
constexpr std::size_t max_header = 100'000'000;  // the format's own limit
constexpr std::string_view cut_off =
    ": the file is cut off or damaged, as by a download that was stopped; get it again";

struct TypeName {
  std::string_view name;
  ElementType type;
};

constexpr TypeName type_names[] = {
    {"F64", ElementType::f64},         {"F32", ElementType::f32},
    {"F16", ElementType::f16},         {"BF16", ElementType::bf16},
    {"I64", ElementType::other_64},    {"U64", ElementType::other_64},
    {"I32", ElementType::other_32},    {"U32", ElementType::other_32},
    {"I16", ElementType::other_16},    {"U16", ElementType::other_16},
    {"I8", ElementType::other_8},      {"U8", ElementType::other_8},
    {"BOOL", ElementType::other_8},    {"F8_E4M3", ElementType::other_8},
    {"F8_E5M2", ElementType::other_8},
};

/// `opaque` for a name that is not known: newer types than this list are only copied.
ElementType type_of(std::string_view name) {
  for (const auto& entry : type_names) {
    if (entry.name == name) return entry.type;
  }
  return ElementType::opaque;
}

/// The product of `shape` and `size`, or nothing when it overflows.
std::optional<std::size_t> byte_count(const std::vector<std::size_t>& shape, std::size_t size) {
  std::size_t total = size;
  for (const std::size_t extent : shape) {
    if (extent != 0 && total > std::numeric_limits<std::size_t>::max() / extent)
      return std::nullopt;
    total *= extent;
  }
  return total;
}

/// Whether `bytes` may be the length of a tensor's data; an opaque type's elements have no size.
bool fits(const std::vector<std::size_t>& shape, ElementType type, std::size_t bytes) {
  const auto expected = byte_count(shape, element_size(type));
  return expected && (type == ElementType::opaque || *expected == bytes);
}

std::size_t non_negative(const Json& value, std::string_view file, std::string_view place) {
  if (!value.is_number_unsigned()) {
    throw InputError(file, place,
                     fmt::format("is {}, expected an integer of at least 0", value.dump()));
  }
  return value.get<std::size_t>();
}

TensorInfo parse_entry(const std::string& name, const Json& value, std::string_view file,
                       std::size_t data_size) {
  const std::string place = fmt::format("tensor \"{}\"", name);
  const JsonObject entry(value, std::string(file), place);
  entry.allow_only({"dtype", "shape", "data_offsets"});
  TensorInfo info;
  info.name = name;
  info.type_name = entry.string("dtype");
  info.type = type_of(info.type_name);
  const Json& shape = entry.at("shape");
  if (!shape.is_array()) throw InputError(file, entry.place("shape"), "is not an array");
  for (const Json& extent : shape) {
    info.shape.push_back(non_negative(extent, file, entry.place("shape")));
  }
  const Json& offsets = entry.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) {
    throw InputError(file, entry.place("data_offsets"), "is not an array of two offsets");
  }
  info.begin = non_negative(offsets[0], file, entry.place("data_offsets"));
  info.end = non_negative(offsets[1], file, entry.place("data_offsets"));
  if (info.begin > info.end || info.end > data_size) {
    throw InputError(
        file, place,
        fmt::format("has data_offsets [{}, {}], expected a range within the {} bytes "
                    "of data{}",
                    info.begin, info.end, data_size, info.begin <= info.end ? cut_off : ""));
  }
  if (!fits(info.shape, info.type, info.end - info.begin)) {
    throw InputError(file, place,
                     fmt::format("has shape {} and dtype {}, which do not make its {} bytes",
                                 info.shape_text(), info.type_name, info.end - info.begin));
  }
  return info;
}

template <class Target, class Source, class Convert>
void convert_values(std::span<const std::byte> bytes, std::vector<Target>& out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Source value;
    std::memcpy(&value, bytes.data() + i * sizeof(Source), sizeof(Source));
    out[i] = static_cast<Target>(convert(value));
  }
}

template <class Target>
std::vector<Target> converted(const TensorInfo& tensor, std::span<const std::byte> bytes,
                              std::string_view file) {
  std::vector<Target> out(tensor.elements());
  const auto same = [](auto value) { return value; };
  switch (tensor.type) {
    case ElementType::f64:
      convert_values<Target, double>(bytes, out, same);
      return out;
    case ElementType::f32:
      convert_values<Target, float>(bytes, out, same);
      return out;
    case ElementType::f16:
      convert_values<Target, std::uint16_t>(bytes, out, half_to_float);
      return out;
    case ElementType::bf16:
      convert_values<Target, std::uint16_t>(bytes, out, bfloat16_to_float);
      return out;
    default:
      throw InputError(
          file, fmt::format("tensor \"{}\"", tensor.name),
          fmt::format("has dtype {}, expected F64, F32, F16 or BF16", tensor.type_name));
  }
}

}  // namespace

std::size_t TensorInfo::elements() const { return byte_count(shape, 1).value_or(0); }

std::string TensorInfo::shape_text() const { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::size_t element_size(ElementType type) {
  switch (type) {
    case ElementType::f64:
    case ElementType::other_64:
      return 8;
    case ElementType::f32:
    case ElementType::other_32:
      return 4;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::other_16:
      return 2;
    case ElementType::other_8:
    case ElementType::opaque:
      return 1;
  }
  return 1;
}

SafetensorsHeader parse_safetensors(std::span<const std::byte> image, std::string_view file) {
  if (const std::string other = other_content(image, "a safetensors file"); !other.empty()) {
    throw InputError(file, "", other);
  }
  if (image.size() < length_bytes) {
    throw InputError(file, "header",
                     fmt::format("the file has {} bytes, expected at least {}{}", image.size(),
                                 length_bytes, cut_off));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, image.data(), length_bytes);
  if (length > max_header) {
    throw InputError(file, "",
                     fmt::format("is no safetensors file: as one, its header claims {} bytes, but "
                                 "the file has {} after the length",
                                 length, image.size() - length_bytes));
  }
  if (length > image.size() - length_bytes) {
    throw InputError(file, "header",
                     fmt::format("claims {} bytes, but the file has {} after the length{}", length,
                                 image.size() - length_bytes, cut_off));
  }
  const std::string_view text(reinterpret_cast<const char*>(image.data()) + length_bytes, length);
  const Json json = parse_json(text, file);
  const JsonObject top(json, std::string(file));

  SafetensorsHeader header;
  header.data_offset = length_bytes + length;
  const std::size_t data_size = image.size() - header.data_offset;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__" && value.is_null()) {
      continue;
    }
    if (name == "__metadata__") {
      const JsonObject metadata = top.object(name);
      for (const auto& [key, ignored] : value.items()) header.metadata[key] = metadata.string(key);
    } else {
      header.tensors.push_back(parse_entry(name, value, file, data_size));
    }
  }
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const TensorInfo& a, const TensorInfo& b) {
                     return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                   });
  std::size_t expected = 0;
  for (const TensorInfo& tensor : header.tensors) {
    if (tensor.begin != expected) {
      throw InputError(file, fmt::format("tensor \"{}\"", tensor.name),
                       fmt::format("begins at byte {} of the data, expected {} (no overlaps and no "
                                   "holes)",
                                   tensor.begin, expected));
    }
    expected = tensor.end;
  }
  if (expected != data_size) {
    throw InputError(file, "data",
                     fmt::format("has {} bytes, expected {} from the header", data_size, expected));
  }
  return header;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path.string()), file_(path), header_(parse_safetensors(image(), path_)) {
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) index_[header_.tensors[i].name] = i;
}

SafetensorsFile::SafetensorsFile(std::string content, std::string name)
    : path_(std::move(name)),
      content_(std::move(content)),
      header_(parse_safetensors(image(), path_)) {
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) index_[header_.tensors[i].name] = i;
}

std::span<const std::byte> SafetensorsFile::image() const {
  return file_ ? file_->bytes() : std::as_bytes(std::span(content_));
}

const TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &header_.tensors[found->second];
}

const TensorInfo& SafetensorsFile::at(std::string_view name) const {
  if (const TensorInfo* tensor = find(name)) return *tensor;
  throw InputError(path_, fmt::format("tensor \"{}\"", name), "is missing");
}

std::span<const std::byte> SafetensorsFile::bytes(const TensorInfo& tensor) const {
  return image().subspan(header_.data_offset + tensor.begin, tensor.end - tensor.begin);
}

std::vector<double> SafetensorsFile::doubles(const TensorInfo& tensor) const {
  return converted<double>(tensor, bytes(tensor), path_);
}

std::vector<float> SafetensorsFile::floats(const TensorInfo& tensor) const {
  return converted<float>(tensor, bytes(tensor), path_);
}

void SafetensorsWriter::set_metadata(std::string key, std::string value) {
  metadata_[std::move(key)] = std::move(value);
}

void SafetensorsWriter::add_pieces(std::string name, std::string type_name,
                                   std::vector<std::size_t> shape,
                                   std::vector<std::span<const std::byte>> pieces) {
  const ElementType type = type_of(type_name);
  for (const Entry& entry : entries_) {
    if (entry.info.name == name) {
      throw ArgumentError("SafetensorsWriter::add", "name",
                          fmt::format("\"{}\" is already taken", name));
    }
  }
  std::size_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece.size();
  if (!fits(shape, type, bytes)) {
    throw ArgumentError("SafetensorsWriter::add", name, "has a shape that does not fit its data");
  }
  const std::size_t begin = entries_.empty() ? 0 : entries_.back().info.end;
  entries_.push_back(
      {{std::move(name), type, std::move(type_name), std::move(shape), begin, begin + bytes},
       std::move(pieces)});
}

void SafetensorsWriter::add(std::string name, std::string type_name, std::vector<std::size_t> shape,
                            std::span<const std::byte> bytes) {
  add_pieces(std::move(name), std::move(type_name), std::move(shape), {bytes});
}

void SafetensorsWriter::add(std::string name, std::vector<std::size_t> shape,
                            std::span<const double> values) {
  add(std::move(name), "F64", std::move(shape), std::as_bytes(values));
}

void SafetensorsWriter::add(std::string name, std::vector<std::size_t> shape,
                            std::span<const float> values) {
  add(std::move(name), "F32", std::move(shape), std::as_bytes(values));
}

void SafetensorsWriter::add(std::string name, std::vector<std::size_t> shape,
                            const std::vector<std::span<const double>>& pieces) {
  std::vector<std::span<const std::byte>> bytes;
  bytes.reserve(pieces.size());
  for (const auto& piece : pieces) bytes.push_back(std::as_bytes(piece));
  add_pieces(std::move(name), "F64", std::move(shape), std::move(bytes));
}

void SafetensorsWriter::write(const std::filesystem::path& path) const {
  Json header = Json::object();
  if (!metadata_.empty()) header["__metadata__"] = metadata_;
  for (const Entry& entry : entries_) {
    header[entry.info.name] = {{"dtype", entry.info.type_name},
                               {"shape", entry.info.shape},
                               {"data_offsets", {entry.info.begin, entry.info.end}}};
  }
  std::string text = header.dump();
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
  const std::uint64_t length = text.size();
  AtomicFile file(path);
  auto& stream = file.stream();
  stream.write(reinterpret_cast<const char*>(&length), length_bytes);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const Entry& entry : entries_) {
    for (const auto& piece : entry.pieces) {
      stream.write(reinterpret_cast<const char*>(piece.data()),
                   static_cast<std::streamsize>(piece.size()));
    }
  }
  file.commit();
}

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1FU;
  const std::uint32_t fraction = bits & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  if (exponent == 0) {  // zero and subnormals: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1.0p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace sextant::io
