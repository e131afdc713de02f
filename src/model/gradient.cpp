#include "sextant/model/gradient.hpp"

#include <fmt/format.h>

#include "matrix_extents.hpp"
#include "pass_checks.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

bool is_identity(std::span<const int> rows, Eigen::Index count) {
  if (static_cast<Eigen::Index>(rows.size()) != count) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != static_cast<int>(i)) return false;
  }
  return true;
}

}  // namespace

template <class Scalar>
void add_gradient(const LinearFactors<Scalar>& factors, const BlockSlice& slice, Scalar* target,
                  std::size_t stride, bool transposed, Scalar scale) {
  const Rows<Scalar>& cotangent = *factors.cotangent;
  Rows<Scalar> gathered;
  const Rows<Scalar>* input = factors.input;
  if (!is_identity(factors.input_row, input->rows())) {
    gathered.resize(cotangent.rows(), input->cols());
    for (Eigen::Index i = 0; i < cotangent.rows(); ++i) {
      gathered.row(i) = input->row(factors.input_row[static_cast<std::size_t>(i)]);
    }
    input = &gathered;
  }
  const auto rows = static_cast<int>(cotangent.rows());
  const Scalar* in = input->data() + slice.input_first;
  const Scalar* out = cotangent.data() + slice.output_first;
  const auto in_stride = static_cast<std::size_t>(input->cols());
  const auto out_stride = static_cast<std::size_t>(cotangent.cols());
  const auto first_in = static_cast<std::size_t>(slice.input_first);
  const auto first_out = static_cast<std::size_t>(slice.output_first);
  if (transposed) {
    tiled_gemm<Scalar>(true, false, slice.output_count, slice.input_count, rows, scale, out,
                       out_stride, in, in_stride, Scalar(1), target + first_out * stride + first_in,
                       stride);
  } else {
    tiled_gemm<Scalar>(true, false, slice.input_count, slice.output_count, rows, scale, in,
                       in_stride, out, out_stride, Scalar(1),
                       target + first_in * stride + first_out, stride);
  }
}

template <class Scalar>
BlockGradient<Scalar>::BlockGradient(const ModelConfig& config,
                                     std::span<const ModelBlock> blocks) {
  if (blocks.empty()) throw ArgumentError("BlockGradient", "blocks", "is empty");
  for (const ModelBlock& block : blocks) {
    const Key key = block.matrix();
    const auto [in, out] = detail::extents(config, block.kind);
    detail::check_slice("BlockGradient", "blocks", block.slice, in, out);
    if (key.first < 0 || key.first >= config.layers) {
      throw ArgumentError("BlockGradient", "blocks",
                          fmt::format("has one of layer {}, the model has layers 0 to {}",
                                      key.first, config.layers - 1));
    }
    parts_[key].push_back({block.slice, static_cast<Scalar>(block.scale)});
    matrices_[key] = Rows<Scalar>::Zero(in, out);
  }
}

template <class Scalar>
void BlockGradient<Scalar>::linear(const LinearFactors<Scalar>& factors) {
  const Key key{factors.layer, factors.kind};
  Rows<Scalar>& matrix = matrices_.at(key);
  for (const Part& part : parts_.at(key)) {
    add_gradient(factors, part.slice, matrix.data(), static_cast<std::size_t>(matrix.cols()), false,
                 part.scale);
  }
}

template <class Scalar>
void BlockGradient<Scalar>::set_zero() {
  for (auto& [key, matrix] : matrices_) matrix.setZero();
}

#define SEXTANT_INSTANTIATE(Scalar)                                                    \
  template void add_gradient(const LinearFactors<Scalar>&, const BlockSlice&, Scalar*, \
                             std::size_t, bool, Scalar);                               \
  template class BlockGradient<Scalar>;
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
