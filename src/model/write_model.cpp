#include <fmt/format.h>

#include <map>

#include "matrix_extents.hpp"
#include "pass_checks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::model {
namespace fs = std::filesystem;
namespace {

/// Everything beside the weights: configuration, tokenizer, pooling settings.
void copy_companions(const fs::path& source, const fs::path& target, int depth) {
  for (const auto& entry : fs::directory_iterator(source)) {
    const fs::path to = target / entry.path().filename();
    if (entry.is_regular_file() && !is_weights_file(entry.path().filename().string())) {
      fs::copy_file(entry.path(), to);
    } else if (entry.is_directory() && depth > 0) {
      fs::create_directory(to);
      copy_companions(entry.path(), to, depth - 1);
    }
  }
}

/// Throws `ArgumentError` unless `matrix` is finite and has the shape that the model has there.
void check_matrix(const ModelConfig& config, const AdaptedMatrix& matrix) {
  const std::string argument =
      fmt::format("adapted, layer {} {},", matrix.layer, kind_name(matrix.kind));
  const auto [in, out] = detail::extents(config, matrix.kind);
  detail::check_shape("write_adapted_model", argument, matrix.values, in, out);
  if (!matrix.values.allFinite()) {
    throw ArgumentError("write_adapted_model", argument, "has an entry that is not finite");
  }
}

void write_into(const MatrixPlace& place, const Rows<float>& values, std::vector<float>& tensor) {
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    for (Eigen::Index o = 0; o < values.cols(); ++o) {
      const auto row = static_cast<std::size_t>(place.transposed ? o : i);
      const auto column = static_cast<std::size_t>(place.transposed ? i : o);
      tensor[row * place.stride + place.first_column + column] = values(i, o);
    }
  }
}

}  // namespace

void write_adapted_model(const fs::path& source, const fs::path& target,
                         const std::vector<AdaptedMatrix>& adapted) {
  const ModelDirectory opened = open_directory(source);
  const ModelConfig& config = opened.config;
  const TensorSource& tensors = opened.tensors;
  std::map<const io::TensorInfo*, std::vector<float>> changed;
  for (const AdaptedMatrix& matrix : adapted) {
    check_matrix(config, matrix);
    const MatrixPlace place = matrix_place(config, matrix.layer, matrix.kind);
    const auto [file, tensor] = tensors.at(place.name, config.family);
    auto& values = changed[tensor];
    if (values.empty()) values = file->floats(*tensor);
    write_into(place, matrix.values, values);
  }

  io::SafetensorsWriter writer;
  writer.set_metadata("format", "pt");
  for (const auto& file : tensors.files()) {
    for (const auto& tensor : file->tensors()) {
      if (tensors.all().at(tensor.name).tensor != &tensor) continue;  // another shard's is used
      const auto found = changed.find(&tensor);
      if (found != changed.end()) {
        writer.add(tensor.name, tensor.shape, found->second);
      } else {
        writer.add(tensor.name, tensor.type_name, tensor.shape, file->bytes(tensor));
      }
    }
  }
  io::AtomicDirectory directory(target);
  try {
    copy_companions(source, directory.staging(), 1);
  } catch (const fs::filesystem_error& error) {
    throw InputError(target.string(), "", fmt::format("cannot be written: {}", error.what()));
  }
  writer.write(directory.staging() / "model.safetensors");
  directory.commit();
}

}  // namespace sextant::model
