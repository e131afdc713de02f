#pragma once

/// A transformer's parameters: read-only views into a memory-mapped model directory, with owned
/// copies of those few matrices that an adaptation changes.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sextant/model/config.hpp"
#include "sextant/model/linear_algebra.hpp"

namespace sextant::model {

struct DirectoryNotes;

/// The weight matrices of a layer, y = x W + b. `mlp_gate` is a gated MLP's alone, whose `mlp_in`
/// is the up projection.
enum class LinearKind { query, key, value, output, mlp_in, mlp_out, mlp_gate };
inline constexpr int linear_kind_count = 7;

/// Those that the layers of such a model have.
std::vector<LinearKind> linear_kinds(const ModelConfig& config);

/// The norms of a layer by what they stand before or, the last two, behind. `attention` of layer L,
/// behind the last one, gives the final hidden state.
enum class NormRole { attention, mlp, query, key, attention_output, mlp_output };
inline constexpr int norm_role_count = 6;

/// Those that `layer` has, 0 to L; of layer L, `attention` alone.
std::vector<NormRole> norm_roles(const ModelConfig& config, int layer);

template <class Scalar>
struct Linear {
  MatrixView<Scalar> weight;     ///< [in, out]
  const Scalar* bias = nullptr;  ///< [out]; null for none.
};

template <class Scalar>
struct Norm {
  const Scalar* gain = nullptr;  ///< [d]; of queries and keys [w], for each head.
  const Scalar* bias = nullptr;  ///< [d]; null for none.
};

template <class Scalar>
struct Layer {
  Linear<Scalar> linear[linear_kind_count];  ///< Indexed by LinearKind.
  Norm<Scalar> norm[norm_role_count];        ///< Indexed by NormRole.
};

/// Views of all parameters. Copying is cheap: copies share storage, and `owned` gives one copy its
/// own version of one matrix, so base weights are never written to.
template <class Scalar>
struct Weights {
  ModelConfig config;
  const Scalar* token_embedding = nullptr;     ///< [V, d]; rows: [V + 1, d], 0 for no label.
  const Scalar* position_embedding = nullptr;  ///< [offset + C, d]; null unless learned.
  const Scalar* feature_embedding = nullptr;   ///< [P, d]; rows and series only.
  const Scalar* type_embedding = nullptr;      ///< [d], row 0; where there are token types.
  const Scalar* head = nullptr;                ///< [V, d]; null where there is none.
  std::vector<Layer<Scalar>> layers;           ///< [L]
  Norm<Scalar> final_norm;
  std::vector<std::shared_ptr<const void>> storage;  ///< Keeps what the views point to alive.
  std::shared_ptr<const DirectoryNotes> notes;       ///< Null unless read from files.

  const Linear<Scalar>& linear(int layer, LinearKind kind) const {
    return layers[static_cast<std::size_t>(layer)].linear[static_cast<int>(kind)];
  }
  /// The norm in that role of `layer`, 0 to L; see `norm_roles`.
  const Norm<Scalar>& norm(int layer, NormRole role) const {
    const auto index = static_cast<std::size_t>(layer);
    return index == layers.size() ? final_norm : layers[index].norm[static_cast<int>(role)];
  }
  /// Replaces the matrix (layer, kind) by `matrix` [in, out]; other copies are not affected.
  /// Throws `ArgumentError` for a layer that is not there and a matrix of another shape.
  void replace(int layer, LinearKind kind, std::shared_ptr<const Rows<Scalar>> matrix);
};

/// The matrix as an owned [in, out] copy.
template <class Scalar>
Rows<Scalar> copy(const MatrixView<Scalar>& view);

/// One tensor of a model file: its name without prefix and its shape there.
struct ParameterShape {
  std::string name;
  std::vector<std::size_t> shape;
};

/// Every tensor that a model with this configuration needs, in a fixed order.
std::vector<ParameterShape> parameter_shapes(const ModelConfig& config);

/// Builds the views from a function that gives each tensor's data by name (without prefix). Throws
/// `ArgumentError` where it gives null.
template <class Scalar>
Weights<Scalar> bind_weights(const ModelConfig& config,
                             const std::function<const Scalar*(const std::string&)>& data);

/// Opens a model directory: config.json with model.safetensors or a sharded
/// model.safetensors.index.json, F32, F16, BF16 or F64, with or without the family's key prefix
/// ("transformer.", "model."); which tensor is the head, `open_directory` says. F32 tensors are
/// used where they lie in the mapping; others are converted. Throws `InputError` naming the file
/// and the tensor for anything missing or of the wrong shape. Cost: reads headers only for F32, one
/// pass over the data otherwise.
template <class Scalar>
Weights<Scalar> load_weights(const std::filesystem::path& directory);

/// Where a matrix lies in the files of a model directory: tensor name (without prefix), and how to
/// write an [in, out] matrix into that tensor's data.
struct MatrixPlace {
  std::string name;
  std::size_t first_column = 0;  ///< Of the stored matrix when not transposed.
  std::size_t stride = 0;
  bool transposed = false;
};
/// Throws `ArgumentError` for a layer outside the model.
MatrixPlace matrix_place(const ModelConfig& config, int layer, LinearKind kind);

/// A matrix that differs from the base model.
struct AdaptedMatrix {
  int layer = 0;
  LinearKind kind = LinearKind::value;
  Rows<float> values;  ///< [in, out]
};

/// Writes a new model directory: every file of `source` that is not weights is copied (top level
/// and one level of folders), and model.safetensors holds all of its tensors under their names, the
/// adapted ones in F32, so that it loads as `source` does but for these. Throws `InputError` when
/// `target` exists and is not empty, and naming file and tensor where `source` lacks a tensor that
/// is adapted or cannot be opened, `ArgumentError` for a layer outside the model and for a matrix
/// of another shape than the model's or with a number that is not finite; nothing is left behind on
/// failure.
void write_adapted_model(const std::filesystem::path& source, const std::filesystem::path& target,
                         const std::vector<AdaptedMatrix>& adapted);

}  // namespace sextant::model
