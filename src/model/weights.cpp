#include "sextant/model/weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <map>

#include "matrix_extents.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/directory.hpp"

namespace sextant::model {
namespace {

std::size_t to_size(int value) { return static_cast<std::size_t>(value); }

void check_layer(std::string_view function, int layer, std::size_t layers) {
  if (layer >= 0 && to_size(layer) < layers) return;
  throw ArgumentError(function, "layer",
                      fmt::format("is {}, the model has {} layers, from 0", layer, layers));
}

/// Names of the tensors of one linear map.
struct LinearNames {
  std::string weight;
  std::string bias;
};

std::string_view gpt2_stem(LinearKind kind) {
  switch (kind) {
    case LinearKind::output:
      return "attn.c_proj";
    case LinearKind::mlp_in:
      return "mlp.c_fc";
    case LinearKind::mlp_out:
      return "mlp.c_proj";
    default:
      return "attn.c_attn";  // query, key and value side by side
  }
}

std::string_view bert_stem(LinearKind kind) {
  switch (kind) {
    case LinearKind::query:
      return "attention.self.query";
    case LinearKind::key:
      return "attention.self.key";
    case LinearKind::value:
      return "attention.self.value";
    case LinearKind::output:
      return "attention.output.dense";
    case LinearKind::mlp_in:
      return "intermediate.dense";
    case LinearKind::mlp_out:
      return "output.dense";
  }
  return {};
}

LinearNames linear_names(const ModelConfig& config, int layer, LinearKind kind) {
  const std::string stem = config.family == Family::bert
                               ? fmt::format("encoder.layer.{}.{}", layer, bert_stem(kind))
                               : fmt::format("h.{}.{}", layer, gpt2_stem(kind));
  return {stem + ".weight", stem + ".bias"};
}

std::string norm_stem(const ModelConfig& config, int index) {
  if (config.family != Family::bert) {
    if (index == 2 * config.layers) return "ln_f";
    return fmt::format("h.{}.ln_{}", index / 2, index % 2 + 1);
  }
  if (index == 0) return "embeddings.LayerNorm";
  return fmt::format("encoder.layer.{}.{}.LayerNorm", (index - 1) / 2,
                     index % 2 == 1 ? "attention.output" : "output");
}

bool is_fused(const ModelConfig& config, LinearKind kind) {
  return config.family != Family::bert &&
         (kind == LinearKind::query || kind == LinearKind::key || kind == LinearKind::value);
}

/// Names and numbers of rows of the embeddings, each [rows, width]; empty where there is none.
struct Embeddings {
  ParameterShape token, position, feature, type;
};

Embeddings embeddings(const ModelConfig& config) {
  const std::size_t width = to_size(config.width);
  const std::vector<std::size_t> tokens = {
      to_size(config.vocabulary) + (config.reads_features() ? 1 : 0), width};
  const std::vector<std::size_t> positions = {to_size(config.context), width};
  const std::vector<std::size_t> features = {to_size(config.features), width};
  switch (config.family) {
    case Family::gpt2:
      return {{"wte.weight", tokens}, {"wpe.weight", positions}, {}, {}};
    case Family::rows:
      return {{"wte.weight", tokens}, {}, {"wfe.weight", features}, {}};
    case Family::series:
      return {{"wte.weight", tokens}, {"wpe.weight", positions}, {"wfe.weight", features}, {}};
    case Family::bert:
      break;
  }
  return {{"embeddings.word_embeddings.weight", tokens},
          {"embeddings.position_embeddings.weight", positions},
          {},
          {"embeddings.token_type_embeddings.weight", {2, width}}};
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
  place.name = linear_names(config, layer, kind).weight;
  place.transposed = config.family == Family::bert;
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
  if (!config.tied_head) {
    result.push_back({"lm_head.weight", {to_size(config.vocabulary), width}});
  }
  for (int index = 0; index <= 2 * config.layers; ++index) {
    result.push_back({norm_stem(config, index) + ".weight", {width}});
    result.push_back({norm_stem(config, index) + ".bias", {width}});
  }
  for (int layer = 0; layer < config.layers; ++layer) {
    for (const LinearKind kind : linear_kinds) {
      const bool fused = is_fused(config, kind);
      if (fused && kind != LinearKind::query) continue;
      const auto names_here = linear_names(config, layer, kind);
      auto [in, out] = detail::extents(config, kind);
      if (fused) out *= 3;
      const auto shape = config.family == Family::bert
                             ? std::vector<std::size_t>{to_size(out), to_size(in)}
                             : std::vector<std::size_t>{to_size(in), to_size(out)};
      result.push_back({names_here.weight, shape});
      result.push_back({names_here.bias, {to_size(out)}});
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
  if (config.family != Family::bert) {
    weights.head = config.tied_head ? weights.token_embedding : data("lm_head.weight");
  }
  for (int index = 0; index <= 2 * config.layers; ++index) {
    const std::string stem = norm_stem(config, index);
    weights.norms.push_back({data(stem + ".weight"), data(stem + ".bias")});
  }
  weights.layers.resize(to_size(config.layers));
  for (int layer = 0; layer < config.layers; ++layer) {
    std::map<std::string, const Scalar*> seen;  // a fused tensor is asked for once
    const auto once = [&](const std::string& name) {
      const auto [place, is_new] = seen.try_emplace(name, nullptr);
      if (is_new) place->second = data(name);
      return place->second;
    };
    for (const LinearKind kind : linear_kinds) {
      const auto [in, out] = detail::extents(config, kind);
      const MatrixPlace place = matrix_place(config, layer, kind);
      weights.layers[to_size(layer)].linear[static_cast<int>(kind)] = {
          {once(place.name) + place.first_column, in, out, place.stride, place.transposed},
          once(linear_names(config, layer, kind).bias) + place.first_column};
    }
  }
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
