#include "sextant/model/functions.hpp"

#include <algorithm>

#include "row_loops.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::model {
namespace {

constexpr Eigen::Index rows_per_task = 32;

/// Calls body(row) for every row, in chunks that depend on the shape alone.
template <class Body>
void for_rows(Eigen::Index rows, const Body& body) {
  parallel_for((rows + rows_per_task - 1) / rows_per_task, [&](std::ptrdiff_t chunk) {
    const Eigen::Index first = chunk * rows_per_task;
    for (Eigen::Index i = first; i < std::min(rows, first + rows_per_task); ++i) body(i);
  });
}

}  // namespace

template <class Scalar>
void normalize(const Rows<Scalar>& x, double epsilon, Normalized<Scalar>& result) {
  result.hat.resize(x.rows(), x.cols());
  result.inverse_deviation.resize(static_cast<std::size_t>(x.rows()));
  for_rows(x.rows(), [&](Eigen::Index i) {
    result.inverse_deviation[static_cast<std::size_t>(i)] =
        standardize(x.row(i).data(), static_cast<Scalar>(epsilon), result.hat.row(i).data(),
                    static_cast<std::size_t>(x.cols()));
  });
}

template <class Scalar>
void scale_and_shift(const Rows<Scalar>& hat, const Norm<Scalar>& norm, Rows<Scalar>& result) {
  result.resize(hat.rows(), hat.cols());
  for_rows(hat.rows(), [&](Eigen::Index i) {
    scale_and_shift(hat.row(i).data(), norm.gain, norm.bias, result.row(i).data(),
                    static_cast<std::size_t>(hat.cols()));
  });
}

template <class Scalar>
void normalize_pull_back(const Normalized<Scalar>& normalized, const Norm<Scalar>& norm,
                         std::span<const int> at, const Rows<Scalar>& cotangent_z, bool accumulate,
                         Rows<Scalar>& cotangent_x) {
  if (!accumulate) cotangent_x.resize(cotangent_z.rows(), cotangent_z.cols());
  for_rows(cotangent_z.rows(), [&](Eigen::Index i) {
    const int row = at[static_cast<std::size_t>(i)];
    standardize_pull_back(normalized.hat.row(row).data(),
                          normalized.inverse_deviation[static_cast<std::size_t>(row)], norm.gain,
                          cotangent_z.row(i).data(), accumulate, cotangent_x.row(i).data(),
                          static_cast<std::size_t>(cotangent_z.cols()));
  });
}

template <class Scalar>
void normalize_push_forward(const Normalized<Scalar>& normalized, const Norm<Scalar>& norm,
                            const Rows<Scalar>& change_x, Rows<Scalar>& change_z) {
  change_z.resize(change_x.rows(), change_x.cols());
  const std::vector<Scalar> ones(static_cast<std::size_t>(change_x.cols()), Scalar(1));
  using Map = Eigen::Map<const Eigen::RowVector<Scalar, Eigen::Dynamic>>;
  const Map gain(norm.gain, change_x.cols());
  for_rows(change_x.rows(), [&](Eigen::Index i) {
    // Standardisation has a symmetric Jacobian, so its pull-back is its derivative.
    standardize_pull_back(normalized.hat.row(i).data(),
                          normalized.inverse_deviation[static_cast<std::size_t>(i)], ones.data(),
                          change_x.row(i).data(), false, change_z.row(i).data(), ones.size());
    change_z.row(i).array() *= gain.array();
  });
}

template <class Scalar>
void activate(Activation activation, const Rows<Scalar>& x, Rows<Scalar>& result) {
  if (&result != &x) result.resize(x.rows(), x.cols());
  for_rows(x.rows(), [&](Eigen::Index i) {
    activation_values(activation, x.row(i).data(), result.row(i).data(),
                      static_cast<std::size_t>(x.cols()));
  });
}

template <class Scalar>
void activate_pull_back(Activation activation, const Rows<Scalar>& x, std::span<const int> at,
                        Rows<Scalar>& cotangent) {
  for_rows(cotangent.rows(), [&](Eigen::Index i) {
    multiply_by_slopes(activation, x.row(at[static_cast<std::size_t>(i)]).data(),
                       cotangent.row(i).data(), static_cast<std::size_t>(x.cols()));
  });
}

template <class Scalar>
void masked_softmax(Scalar* row, int visible, int length) {
  softmax(row, static_cast<std::size_t>(visible));
  std::fill(row + visible, row + length, Scalar(0));
}

#define SEXTANT_INSTANTIATE(Scalar)                                                       \
  template void normalize(const Rows<Scalar>&, double, Normalized<Scalar>&);              \
  template void scale_and_shift(const Rows<Scalar>&, const Norm<Scalar>&, Rows<Scalar>&); \
  template void normalize_pull_back(const Normalized<Scalar>&, const Norm<Scalar>&,       \
                                    std::span<const int>, const Rows<Scalar>&, bool,      \
                                    Rows<Scalar>&);                                       \
  template void normalize_push_forward(const Normalized<Scalar>&, const Norm<Scalar>&,    \
                                       const Rows<Scalar>&, Rows<Scalar>&);               \
  template void activate(Activation, const Rows<Scalar>&, Rows<Scalar>&);                 \
  template void activate_pull_back(Activation, const Rows<Scalar>&, std::span<const int>, \
                                   Rows<Scalar>&);                                        \
  template void masked_softmax(Scalar*, int, int);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
