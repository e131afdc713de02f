#include "sextant/model/weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <map>

#include "matrix_extents.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/directory.hpp"
#include "tensor_names.hpp"

namespace sextant::model {
namespace {

std::size_t to_size(int value) { return static_cast<std::size_t>(value); }

void check_layer(std::string_view function, int layer, std::size_t layers) {
  if (layer >= 0 && to_size(layer) < layers) return;
  throw ArgumentError(function, "layer",
                      fmt::format("is {}, the model has {} layers, from 0", layer, layers));
}

std::string weight_name(const ModelConfig& config, int layer, LinearKind kind) {
  return linear_name(config, layer, kind) + ".weight";
}

bool is_fused(const ModelConfig& config, LinearKind kind) {
  return tensor_names(config.family).fused &&
         (kind == LinearKind::query || kind == LinearKind::key || kind == LinearKind::value);
}

bool has_bias(const ModelConfig& config, LinearKind kind) {
  switch (kind) {
    case LinearKind::query:
    case LinearKind::key:
    case LinearKind::value:
      return config.biases.query_key_value;
    case LinearKind::output:
      return config.biases.output;
    default:
      return config.biases.mlp;
  }
}

/// Names and numbers of rows of the embeddings, each [rows, width]; empty where there is none.
struct Embeddings {
  ParameterShape token, position, feature, type;
};

Embeddings embeddings(const ModelConfig& config) {
  const std::size_t width = to_size(config.width);
  const TensorNames& names = tensor_names(config.family);
  const auto of = [&](std::string_view name, std::size_t rows) {
    return name.empty() ? ParameterShape{} : ParameterShape{std::string(name), {rows, width}};
  };
  return {of(names.token, to_size(config.vocabulary) + (config.reads_features() ? 1 : 0)),
          of(names.position, to_size(config.position_offset) + to_size(config.context)),
          of(names.feature, to_size(config.features)), of(names.type, 2)};
}

int norm_width(const ModelConfig& config, NormRole role) {
  const bool of_heads = role == NormRole::query || role == NormRole::key;
  return of_heads ? config.head_width() : config.width;
}

/// Gives a tensor's data as Scalar, in place where type and alignment allow.
template <class Scalar>
class TensorLoader {
 public:
  TensorLoader(const TensorSource& source, const ModelConfig& config,
               std::vector<std::shared_ptr<const void>>& storage)
      : source_(source), config_(config), storage_(storage) {
    for (auto& parameter : parameter_shapes(config)) shapes_[parameter.name] = parameter.shape;
  }

  const Scalar* operator()(const std::string& name) {
    const auto [file, tensor] = source_.at(name, config_.family);
    check_shape(*file, *tensor, shapes_.at(name));
    const auto bytes = file->bytes(*tensor);
    const bool in_place = sizeof(Scalar) == 4 && tensor->type == io::ElementType::f32 &&
                          reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(Scalar) == 0;
    if (in_place) return reinterpret_cast<const Scalar*>(bytes.data());
    auto values = std::make_shared<std::vector<Scalar>>();
    if constexpr (sizeof(Scalar) == 4) {
      *values = file->floats(*tensor);
    } else {
      *values = file->doubles(*tensor);
    }
    storage_.push_back(values);
    return values->data();
  }

 private:
  void check_shape(const io::SafetensorsFile& file, const io::TensorInfo& tensor,
                   const std::vector<std::size_t>& expected) const {
    // A BERT may have any number of token types; row 0 is the one used.
    const bool any_rows = tensor.name.ends_with("token_type_embeddings.weight");
    const bool good = any_rows ? tensor.shape.size() == 2 && tensor.shape[0] >= 1 &&
                                     tensor.shape[1] == expected[1]
                               : tensor.shape == expected;
    if (!good) {
      throw InputError(file.path(), fmt::format("tensor \"{}\"", tensor.name),
                       fmt::format("has shape {}, expected [{}]", tensor.shape_text(),
                                   fmt::join(expected, ", ")));
    }
  }

  const TensorSource& source_;
  const ModelConfig& config_;
  std::vector<std::shared_ptr<const void>>& storage_;
  std::map<std::string, std::vector<std::size_t>> shapes_;
};

}  // namespace

std::vector<LinearKind> linear_kinds(const ModelConfig& config) {
  std::vector<LinearKind> kinds = {LinearKind::query,  LinearKind::key,    LinearKind::value,
                                   LinearKind::output, LinearKind::mlp_in, LinearKind::mlp_out};
  if (config.is_gated()) kinds.push_back(LinearKind::mlp_gate);
  return kinds;
}

std::vector<NormRole> norm_roles(const ModelConfig& config, int layer) {
  if (layer == config.layers) return {NormRole::attention};
  std::vector<NormRole> roles = {NormRole::attention, NormRole::mlp};
  if (config.architecture.normalizes_heads) {
    roles.insert(roles.end(), {NormRole::query, NormRole::key});
  }
  if (config.architecture.norm_placement == NormPlacement::around) {
    roles.insert(roles.end(), {NormRole::attention_output, NormRole::mlp_output});
  }
  return roles;
}

template <class Scalar>
void Weights<Scalar>::replace(int layer, LinearKind kind,
                              std::shared_ptr<const Rows<Scalar>> matrix) {
  check_layer("Weights::replace", layer, layers.size());
  if (matrix == nullptr) throw ArgumentError("Weights::replace", "matrix", "is null");
  auto& view = layers[to_size(layer)].linear[static_cast<int>(kind)].weight;
  check_size("Weights::replace", "matrix rows", to_size(static_cast<int>(matrix->rows())),
             to_size(view.in));
  check_size("Weights::replace", "matrix columns", to_size(static_cast<int>(matrix->cols())),
             to_size(view.out));
  view = {matrix->data(), view.in, view.out, to_size(view.out), false};
  storage.push_back(std::move(matrix));
}

template <class Scalar>
Rows<Scalar> copy(const MatrixView<Scalar>& view) {
  Rows<Scalar> result(view.in, view.out);
  using Stride = Eigen::OuterStride<>;
  const Stride stride(static_cast<Eigen::Index>(view.stride));
  if (view.transposed) {
    result =
        Eigen::Map<const Rows<Scalar>, 0, Stride>(view.data, view.out, view.in, stride).transpose();
  } else {
    result = Eigen::Map<const Rows<Scalar>, 0, Stride>(view.data, view.in, view.out, stride);
  }
  return result;
}

MatrixPlace matrix_place(const ModelConfig& config, int layer, LinearKind kind) {
  check_layer("matrix_place", layer, to_size(config.layers));
  const auto [in, out] = detail::extents(config, kind);
  MatrixPlace place;
  place.name = weight_name(config, layer, kind);
  place.transposed = tensor_names(config.family).transposed;
  if (is_fused(config, kind)) {
    place.first_column = to_size(static_cast<int>(kind)) * to_size(config.width);
    place.stride = 3 * to_size(config.width);
  } else {
    place.stride = to_size(place.transposed ? in : out);
  }
  return place;
}

std::vector<ParameterShape> parameter_shapes(const ModelConfig& config) {
  const std::size_t width = to_size(config.width);
  std::vector<ParameterShape> result;
  const Embeddings all = embeddings(config);
  for (const ParameterShape* one : {&all.token, &all.position, &all.feature, &all.type}) {
    if (!one->name.empty()) result.push_back(*one);
  }
  if (config.architecture.has_head && !config.tied_head) {
    result.push_back({std::string(head_tensor), {to_size(config.vocabulary), width}});
  }
  for (int layer = 0; layer <= config.layers; ++layer) {
    for (const NormRole role : norm_roles(config, layer)) {
      const std::size_t size = to_size(norm_width(config, role));
      const std::string name = norm_name(config, layer, role);
      result.push_back({name + ".weight", {size}});
      if (config.architecture.norm == NormKind::layer) result.push_back({name + ".bias", {size}});
    }
  }
  for (int layer = 0; layer < config.layers; ++layer) {
    for (const LinearKind kind : linear_kinds(config)) {
      const bool fused = is_fused(config, kind);
      if (fused && kind != LinearKind::query) continue;
      auto [in, out] = detail::extents(config, kind);
      if (fused) out *= 3;
      const auto shape = tensor_names(config.family).transposed
                             ? std::vector<std::size_t>{to_size(out), to_size(in)}
                             : std::vector<std::size_t>{to_size(in), to_size(out)};
      result.push_back({weight_name(config, layer, kind), shape});
      if (has_bias(config, kind)) {
        result.push_back({linear_name(config, layer, kind) + ".bias", {to_size(out)}});
      }
    }
  }
  return result;
}

template <class Scalar>
Weights<Scalar> bind_weights(const ModelConfig& config,
                             const std::function<const Scalar*(const std::string&)>& source) {
  const auto data = [&](const std::string& name) {
    const Scalar* values = source ? source(name) : nullptr;
    if (values == nullptr) {
      throw ArgumentError("bind_weights", "data", fmt::format("has no tensor \"{}\"", name));
    }
    return values;
  };
  Weights<Scalar> weights;
  weights.config = config;
  const Embeddings all = embeddings(config);
  const auto data_of = [&](const ParameterShape& one) {
    return one.name.empty() ? static_cast<const Scalar*>(nullptr) : data(one.name);
  };
  weights.token_embedding = data_of(all.token);
  weights.position_embedding = data_of(all.position);
  weights.feature_embedding = data_of(all.feature);
  weights.type_embedding = data_of(all.type);
  if (config.architecture.has_head) {
    weights.head = config.tied_head ? weights.token_embedding : data(std::string(head_tensor));
  }
  const auto norm_of = [&](int layer, NormRole role) {
    const std::string name = norm_name(config, layer, role);
    return Norm<Scalar>{data(name + ".weight"), config.architecture.norm == NormKind::layer
                                                    ? data(name + ".bias")
                                                    : nullptr};
  };
  weights.layers.resize(to_size(config.layers));
  for (int layer = 0; layer < config.layers; ++layer) {
    Layer<Scalar>& here = weights.layers[to_size(layer)];
    for (const NormRole role : norm_roles(config, layer)) {
      here.norm[static_cast<int>(role)] = norm_of(layer, role);
    }
    std::map<std::string, const Scalar*> seen;  // a fused tensor is asked for once
    const auto once = [&](const std::string& name) {
      const auto [place, is_new] = seen.try_emplace(name, nullptr);
      if (is_new) place->second = data(name);
      return place->second;
    };
    for (const LinearKind kind : linear_kinds(config)) {
      const auto [in, out] = detail::extents(config, kind);
      const MatrixPlace place = matrix_place(config, layer, kind);
      Linear<Scalar>& linear = here.linear[static_cast<int>(kind)];
      linear.weight = {once(place.name) + place.first_column, in, out, place.stride,
                       place.transposed};
      if (has_bias(config, kind)) {
        linear.bias = once(linear_name(config, layer, kind) + ".bias") + place.first_column;
      }
    }
  }
  weights.final_norm = norm_of(config.layers, NormRole::attention);
  return weights;
}

template <class Scalar>
Weights<Scalar> load_weights(const std::filesystem::path& directory) {
  const ModelDirectory opened = open_directory(directory);
  const TensorSource& source = opened.tensors;
  std::vector<std::shared_ptr<const void>> storage(source.files().begin(), source.files().end());
  TensorLoader<Scalar> loader(source, opened.config, storage);
  Weights<Scalar> weights =
      bind_weights<Scalar>(opened.config, [&](const std::string& name) { return loader(name); });
  weights.storage = std::move(storage);
  weights.notes = std::make_shared<DirectoryNotes>(directory_notes(opened));
  return weights;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                               \
  template struct Weights<Scalar>;                                                                \
  template Rows<Scalar> copy(const MatrixView<Scalar>&);                                          \
  template Weights<Scalar> bind_weights(const ModelConfig&,                                       \
                                        const std::function<const Scalar*(const std::string&)>&); \
  template Weights<Scalar> load_weights(const std::filesystem::path&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
