#pragma once

/// Some rows of a matrix, or some columns of them, contiguous enough for a matrix product.

#include <cstddef>
#include <span>
#include <vector>

#include "sextant/model/linear_algebra.hpp"

namespace sextant::model {

/// Whether rows follow one another, so that they can be read and written where they are.
inline bool are_consecutive(std::span<const int> rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i] != rows[i - 1] + 1) return false;
  }
  return true;
}

/// Columns [first, first + width) of the given rows: in place where the rows are consecutive,
/// otherwise a copy. Refers to `from`, which must outlive it.
template <class Scalar>
class RowSlice {
 public:
  RowSlice(const Rows<Scalar>& from, std::span<const int> rows, int first, int width)
      : count_(static_cast<int>(rows.size())) {
    if (rows.empty()) return;
    if (are_consecutive(rows)) {
      data_ = from.row(rows[0]).data() + first;
      stride_ = static_cast<std::size_t>(from.cols());
      return;
    }
    copy_.resize(count_, width);
    for (int i = 0; i < count_; ++i) {
      copy_.row(i) = from.block(rows[static_cast<std::size_t>(i)], first, 1, width);
    }
    data_ = copy_.data();
    stride_ = static_cast<std::size_t>(width);
  }
  RowSlice(const RowSlice&) = delete;
  RowSlice& operator=(const RowSlice&) = delete;

  int count() const { return count_; }
  const Scalar* data() const { return data_; }
  std::size_t stride() const { return stride_; }

 private:
  int count_;
  const Scalar* data_ = nullptr;
  std::size_t stride_ = 0;
  Rows<Scalar> copy_;
};

}  // namespace sextant::model
