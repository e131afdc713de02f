#include "sextant/model/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "row_slice.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/model/gradient.hpp"

namespace sextant::model {
namespace {

template <class Scalar>
using RowMap = Eigen::Map<Eigen::RowVector<Scalar, Eigen::Dynamic>>;

/// The views of `Weights` are read-only; the gradient owns what they point to.
template <class Scalar>
Scalar* writable(const Scalar* data) {
  return const_cast<Scalar*>(data);
}

}  // namespace

template <class Scalar>
Parameters<Scalar>::Parameters(const ModelConfig& config)
    : config_(config), shapes_(parameter_shapes(config)) {
  std::size_t total = 0;
  for (const auto& parameter : shapes_) {
    offsets_[parameter.name] = total;
    total += std::accumulate(parameter.shape.begin(), parameter.shape.end(), std::size_t{1},
                             std::multiplies<>());
  }
  values_.assign(total, Scalar(0));
}

template <class Scalar>
std::size_t Parameters<Scalar>::offset(const std::string& name) const {
  const auto found = offsets_.find(name);
  if (found == offsets_.end()) {
    throw ArgumentError("Parameters::offset", "name", fmt::format("\"{}\" is unknown", name));
  }
  return found->second;
}

template <class Scalar>
Weights<Scalar> Parameters<Scalar>::weights() const {
  return bind_weights<Scalar>(
      config_, [this](const std::string& name) { return values_.data() + offset(name); });
}

template <class Scalar>
ParameterGradient<Scalar>::ParameterGradient(const TokenBatch& batch, Parameters<Scalar>& gradient)
    : batch_(batch), gradient_(gradient), places_(gradient.weights()) {}

template <class Scalar>
void ParameterGradient<Scalar>::linear(const LinearFactors<Scalar>& factors) {
  const Linear<Scalar>& place = places_.linear(factors.layer, factors.kind);
  const MatrixView<Scalar>& view = place.weight;
  add_gradient(factors, {0, view.in, 0, view.out}, writable(view.data), view.stride,
               view.transposed);
  const Rows<Scalar>& cotangent = *factors.cotangent;
  if (place.bias == nullptr) return;
  RowMap<Scalar>(writable(place.bias), cotangent.cols()) += cotangent.colwise().sum();
}

template <class Scalar>
void ParameterGradient<Scalar>::norm(int layer, NormRole role, const Normalized<Scalar>& normalized,
                                     std::span<const int> at, const Rows<Scalar>& cotangent) {
  const Norm<Scalar>& place = places_.norm(layer, role);
  const ModelConfig& config = gradient_.config();
  const bool of_heads = role == NormRole::query || role == NormRole::key;
  const Eigen::Index width = of_heads ? config.head_width() : config.width;
  RowMap<Scalar> gain(writable(place.gain), width);
  for (Eigen::Index i = 0; i < cotangent.rows(); ++i) {
    const auto hat = normalized.hat.row(at[static_cast<std::size_t>(i)]);
    for (Eigen::Index first = 0; first < cotangent.cols(); first += width) {
      gain += cotangent.row(i).segment(first, width).cwiseProduct(hat.segment(first, width));
    }
  }
  if (place.bias == nullptr) return;
  RowMap<Scalar>(writable(place.bias), width) += cotangent.colwise().sum();
}

template <class Scalar>
void ParameterGradient<Scalar>::embedding(std::span<const int> at, const Rows<Scalar>& cotangent) {
  const auto width = static_cast<std::size_t>(cotangent.cols());
  const auto factor = static_cast<Scalar>(gradient_.config().embedding_scale);
  const int offset = gradient_.config().position_offset;
  const auto row_of = [&](const Scalar* table, int row) {
    return RowMap<Scalar>(writable(table) + static_cast<std::size_t>(row) * width,
                          cotangent.cols());
  };
  for (Eigen::Index i = 0; i < cotangent.rows(); ++i) {
    const auto row = static_cast<std::size_t>(at[static_cast<std::size_t>(i)]);
    row_of(places_.token_embedding, batch_.tokens[row]) += factor * cotangent.row(i);
    if (places_.position_embedding != nullptr) {
      row_of(places_.position_embedding, offset + batch_.positions[row]) += cotangent.row(i);
    }
    if (places_.type_embedding != nullptr) row_of(places_.type_embedding, 0) += cotangent.row(i);
  }
  if (batch_.table == nullptr) return;
  std::vector<int> rows;
  for (const int row : at) rows.push_back(batch_.table_rows[static_cast<std::size_t>(row)]);
  const Rows<Scalar> features = gather_rows(batch_.table->features, rows).template cast<Scalar>();
  tiled_gemm<Scalar>(true, false, static_cast<int>(features.cols()),
                     static_cast<int>(cotangent.cols()), static_cast<int>(features.rows()), 1,
                     features.data(), static_cast<std::size_t>(features.cols()), cotangent.data(),
                     width, 1, writable(places_.feature_embedding), width);
}

template <class Scalar>
Parameters<Scalar> read_parameters(const std::filesystem::path& directory) {
  load_weights<Scalar>(directory);  // names what is missing or has another shape
  const ModelDirectory opened = open_directory(directory);
  Parameters<Scalar> parameters(opened.config);
  for (const ParameterShape& shape : parameters.shapes()) {
    const auto [file, tensor] = opened.tensors.find(shape.name, parameters.config().family);
    if constexpr (sizeof(Scalar) == 4) {
      std::ranges::copy(file->floats(*tensor), parameters.data(shape.name));
    } else {
      std::ranges::copy(file->doubles(*tensor), parameters.data(shape.name));
    }
  }
  return parameters;
}

template Parameters<float> read_parameters(const std::filesystem::path&);
template Parameters<double> read_parameters(const std::filesystem::path&);
template class Parameters<float>;
template class Parameters<double>;
template class ParameterGradient<float>;
template class ParameterGradient<double>;

}  // namespace sextant::model
