#include "sextant/geometry/file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <span>

#include "checks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"

namespace sextant::geometry {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using io::ElementType;
using io::SafetensorsFile;
using io::TensorInfo;

constexpr std::string_view tensor_names[] = {"residuals",       "kernels",      "query_kernels",
                                             "query_variances", "prompt_base",  "prompt_targets",
                                             "query_base",      "query_targets"};

std::string tensor_place(std::string_view name) { return fmt::format("tensor \"{}\"", name); }

/// Converts `count` values of `tensor` that begin at value `first`.
void copy_values(const SafetensorsFile& file, const TensorInfo& tensor, std::size_t first,
                 std::size_t count, double* out) {
  const std::byte* bytes = file.bytes(tensor).data() + first * io::element_size(tensor.type);
  if (count == 0) return;
  if (tensor.type == ElementType::f64) {
    std::memcpy(out, bytes, count * sizeof(double));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    float value = 0;
    std::memcpy(&value, bytes + i * sizeof(float), sizeof(float));
    out[i] = static_cast<double>(value);
  }
}

void check_shape(const SafetensorsFile& file, const TensorInfo& tensor,
                 const std::vector<std::size_t>& expected, std::string_view letters) {
  if (tensor.shape != expected) {
    throw InputError(file.path(), tensor_place(tensor.name),
                     fmt::format("has shape {}, expected {} = [{}]", tensor.shape_text(), letters,
                                 fmt::join(expected, ", ")));
  }
}

void check_tensors(const SafetensorsFile& file) {
  for (const TensorInfo& tensor : file.tensors()) {
    if (std::ranges::find(tensor_names, tensor.name) == std::end(tensor_names)) {
      throw InputError(file.path(), tensor_place(tensor.name),
                       fmt::format("is unexpected, a geometry file holds only {}",
                                   fmt::join(tensor_names, ", ")));
    }
    if (tensor.type != ElementType::f64 && tensor.type != ElementType::f32) {
      throw InputError(file.path(), tensor_place(tensor.name),
                       fmt::format("has dtype {}, expected F64 or F32", tensor.type_name));
    }
  }
}

void check_format(const SafetensorsFile& file) {
  const auto found = file.metadata().find("format");
  if (found == file.metadata().end()) {
    throw InputError(file.path(), "metadata \"format\"",
                     fmt::format("is missing, expected \"{}\"", geometry_format));
  }
  if (found->second != geometry_format) {
    throw InputError(file.path(), "metadata \"format\"",
                     fmt::format("is \"{}\", expected \"{}\"{}", found->second, geometry_format,
                                 found->second == "pt" ? ": these are a model's weights" : ""));
  }
}

Block read_block(const io::JsonObject& entry) {
  constexpr long long largest = std::numeric_limits<int>::max();
  entry.allow_only({"name", "layer", "head", "kind", "parameters"});
  Block block;
  block.name = entry.string("name");
  block.layer = static_cast<int>(entry.integer("layer", 0, largest));
  if (entry.has("head") && !entry.at("head").is_null()) {
    const auto head = static_cast<int>(entry.integer("head", -1, largest));
    if (head >= 0) block.head = head;
  }
  block.kind = entry.string("kind");
  block.parameters = entry.integer("parameters", 1, std::numeric_limits<std::int64_t>::max());
  return block;
}

std::vector<Block> read_blocks(const SafetensorsFile& file) {
  constexpr std::string_view place = "metadata \"blocks\"";
  const auto found = file.metadata().find("blocks");
  if (found == file.metadata().end()) {
    throw InputError(file.path(), place, "is missing, expected a JSON list of the blocks");
  }
  const std::string label = fmt::format("{}: {}", file.path(), place);
  const io::Json list = io::parse_json(found->second, label);
  if (!list.is_array()) {
    throw InputError(file.path(), place,
                     fmt::format("is a JSON {}, expected a list", list.type_name()));
  }
  if (list.empty()) throw InputError(file.path(), place, "is empty, expected at least 1 block");
  std::vector<Block> blocks;
  blocks.reserve(list.size());
  for (std::size_t b = 0; b < list.size(); ++b) {
    blocks.push_back(
        read_block(io::JsonObject(list[b], file.path(), fmt::format("blocks[{}]", b))));
  }
  detail::check_blocks(blocks, file.path());
  return blocks;
}

/// What the kernels hold already; empty when the file does not say.
BlockScales read_scales(const SafetensorsFile& file, const std::vector<Block>& blocks) {
  constexpr std::string_view place = "metadata \"block_scales\"";
  const auto found = file.metadata().find("block_scales");
  if (found == file.metadata().end()) return {};
  const std::string label = fmt::format("{}: {}", file.path(), place);
  const io::Json json = io::parse_json(found->second, label);
  const io::JsonObject top(json, label);
  BlockScales scales;
  for (const auto& item : json.items()) scales.emplace(item.key(), top.number(item.key()));
  detail::check_scales(scales, blocks, file.path(), place);
  std::erase_if(scales, [](const auto& scale) { return scale.second == 1; });
  return scales;
}

/// Whether the kernels are of tokenwise features; exact ones where the file does not say.
bool read_tokenwise(const SafetensorsFile& file) {
  const auto found = file.metadata().find("features");
  if (found == file.metadata().end() || found->second == "exact") return false;
  if (found->second == "tokenwise") return true;
  throw InputError(file.path(), "metadata \"features\"",
                   fmt::format("is \"{}\", expected \"exact\" or \"tokenwise\"", found->second));
}

/// Reads, checks and symmetrises one kernel at a time, so that a thread needs one extra matrix.
void read_kernels(const SafetensorsFile& file, PromptGeometry& geometry) {
  const TensorInfo& tensor = file.at("kernels");
  const auto n = static_cast<std::size_t>(geometry.examples());
  const std::size_t expected = geometry.blocks.size();
  if (tensor.shape.size() == 3 && tensor.shape[0] != expected) {
    throw InputError(file.path(), tensor_place("kernels"),
                     fmt::format("has {} matrices, expected {}, one for each entry of metadata "
                                 "\"blocks\"",
                                 tensor.shape[0], expected));
  }
  check_shape(file, tensor, {expected, n, n}, "[B, n, n]");
  const Tolerances tolerances =
      tensor.type == ElementType::f32 ? single_precision_tolerances : Tolerances{};
  geometry.kernels.resize(expected);
  parallel_for(geometry.block_count(), [&](Index b) {
    MatrixXd& kernel = geometry.kernels[b];
    kernel.resize(geometry.examples(), geometry.examples());
    copy_values(file, tensor, b * n * n, n * n, kernel.data());
    kernel.transposeInPlace();  // the file is row-major
    detail::check_kernel(kernel, file.path(),
                         detail::block_place("kernels", b, geometry.blocks[b].name), tolerances);
    for (Index j = 0; j < kernel.cols(); ++j) {
      for (Index i = j + 1; i < kernel.rows(); ++i) {
        kernel(i, j) = kernel(j, i) = kernel(i, j) / 2 + kernel(j, i) / 2;
      }
    }
  });
}

/// The tensor unless it is absent or has no queries.
const TensorInfo* query_tensor(const SafetensorsFile& file, std::string_view name) {
  const TensorInfo* tensor = file.find(name);
  const bool empty = tensor == nullptr || (!tensor->shape.empty() && tensor->shape[0] == 0);
  return empty ? nullptr : tensor;
}

void read_queries(const SafetensorsFile& file, PromptGeometry& geometry) {
  const auto n = static_cast<std::size_t>(geometry.examples());
  const std::size_t blocks = geometry.blocks.size();
  const TensorInfo* couplings = query_tensor(file, "query_kernels");
  const TensorInfo* variances = query_tensor(file, "query_variances");
  if (couplings == nullptr && variances == nullptr) {
    geometry.query_variances.resize(0, geometry.block_count());
    return;
  }
  if (couplings == nullptr || variances == nullptr) {
    const bool first = couplings == nullptr;
    throw InputError(file.path(), tensor_place(first ? "query_kernels" : "query_variances"),
                     fmt::format("is missing or has no queries, but \"{}\" has some",
                                 first ? "query_variances" : "query_kernels"));
  }
  const std::size_t m = couplings->shape.empty() ? 0 : couplings->shape[0];
  check_shape(file, *couplings, {m, blocks, n}, "[m, B, n]");
  check_shape(file, *variances, {m, blocks}, "[m, B]");
  geometry.query_kernels.resize(m);
  for (std::size_t x = 0; x < m; ++x) {
    geometry.query_kernels[x].resize(geometry.examples(), geometry.block_count());
    copy_values(file, *couplings, x * blocks * n, blocks * n, geometry.query_kernels[x].data());
  }
  MatrixXd transposed(blocks, m);
  copy_values(file, *variances, 0, m * blocks, transposed.data());
  geometry.query_variances = transposed.transpose();
}

/// An optional tensor of `size` values; empty when absent.
VectorXd read_optional(const SafetensorsFile& file, std::string_view name, Index size,
                       std::string_view letters) {
  const TensorInfo* tensor = file.find(name);
  if (tensor == nullptr) return {};
  check_shape(file, *tensor, {static_cast<std::size_t>(size)}, letters);
  VectorXd values(size);
  copy_values(file, *tensor, 0, size, values.data());
  return values;
}

std::span<const double> values_of(const auto& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}

std::string blocks_text(const std::vector<Block>& blocks) {
  io::Json list = io::Json::array();
  for (const Block& block : blocks) {
    list.push_back({{"name", block.name},
                    {"layer", block.layer},
                    {"head", block.head ? io::Json(*block.head) : io::Json(nullptr)},
                    {"kind", block.kind},
                    {"parameters", block.parameters}});
  }
  return list.dump();
}

}  // namespace

PromptGeometry read_geometry(const SafetensorsFile& file) {
  check_format(file);
  check_tensors(file);
  PromptGeometry geometry;
  geometry.blocks = read_blocks(file);
  geometry.block_scales = read_scales(file, geometry.blocks);
  geometry.tokenwise = read_tokenwise(file);

  const TensorInfo& residuals = file.at("residuals");
  if (residuals.shape.size() != 1 || residuals.shape[0] == 0) {
    throw InputError(file.path(), tensor_place("residuals"),
                     fmt::format("has shape {}, expected [n] with n >= 1", residuals.shape_text()));
  }
  geometry.residuals.resize(static_cast<Index>(residuals.shape[0]));
  copy_values(file, residuals, 0, residuals.shape[0], geometry.residuals.data());
  read_kernels(file, geometry);
  read_queries(file, geometry);
  geometry.prompt_base = read_optional(file, "prompt_base", geometry.examples(), "[n]");
  geometry.prompt_targets = read_optional(file, "prompt_targets", geometry.examples(), "[n]");
  geometry.query_base = read_optional(file, "query_base", geometry.queries(), "[m]");
  for (const double target : read_optional(file, "query_targets", geometry.queries(), "[m]")) {
    geometry.query_targets.emplace_back(target);
  }
  detail::check_values(geometry, file.path());
  detail::check_residuals(geometry, file.path(), Tolerances{}.residual);
  detail::check_total(geometry, all_blocks(geometry), file.path());
  return geometry;
}

PromptGeometry read_geometry(const std::filesystem::path& path) {
  return read_geometry(SafetensorsFile(path));
}

std::vector<std::string> write_geometry(const std::filesystem::path& path,
                                        const PromptGeometry& geometry) {
  validate(geometry, path.string());
  const auto n = static_cast<std::size_t>(geometry.examples());
  const auto m = static_cast<std::size_t>(geometry.queries());
  const std::size_t blocks = geometry.blocks.size();
  std::vector<std::span<const double>> kernels;
  for (const MatrixXd& kernel : geometry.kernels) kernels.push_back(values_of(kernel));
  std::vector<std::span<const double>> couplings;
  for (const MatrixXd& coupling : geometry.query_kernels) couplings.push_back(values_of(coupling));
  const MatrixXd variances = geometry.query_variances.transpose();
  std::vector<double> targets;
  for (const auto& target : geometry.query_targets) {
    if (target) targets.push_back(*target);
  }

  io::SafetensorsWriter writer;
  writer.set_metadata("format", std::string(geometry_format));
  writer.set_metadata("blocks", blocks_text(geometry.blocks));
  if (!geometry.block_scales.empty()) {
    writer.set_metadata("block_scales", io::Json(geometry.block_scales).dump());
  }
  if (geometry.tokenwise) writer.set_metadata("features", "tokenwise");
  writer.add("residuals", {n}, values_of(geometry.residuals));
  writer.add("kernels", {blocks, n, n}, kernels);
  writer.add("query_kernels", {m, blocks, n}, couplings);
  writer.add("query_variances", {m, blocks}, values_of(variances));
  const auto add_known = [&](std::string name, const VectorXd& values) {
    if (values.size() > 0) {
      writer.add(std::move(name), {static_cast<std::size_t>(values.size())}, values_of(values));
    }
  };
  add_known("prompt_base", geometry.prompt_base);
  add_known("prompt_targets", geometry.prompt_targets);
  add_known("query_base", geometry.query_base);
  if (m > 0 && targets.size() == m) writer.add("query_targets", {m}, std::span(targets));
  writer.write(path);
  if (targets.empty() || targets.size() == m) return {};
  return {"some queries have no target, so the file holds no query_targets"};
}

}  // namespace sextant::geometry
