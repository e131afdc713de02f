#pragma once

/// Rows of tables as a row model reads them.

#include <vector>

#include "sextant/model/linear_algebra.hpp"

namespace sextant::model {

/// R rows, of one table or of several one below the other, and how sequences refer to them.
///
/// A sequence of a row model is a list of integers like that of any other: first the context rows,
/// then one query. The numbers 0, ..., R - 1 stand for context rows with their labels, and
/// `query_token` for a query, without its label, together with the scalar that is predicted of it.
struct RowTable {
  Rows<float> features;     ///< [R, F], F at most the model's features; finite.
  std::vector<int> labels;  ///< [R] classes from 0 on; of rows that are only queries never read.
  int scalars = 1;          ///< Scalars that are predicted of each row, at least 1.

  int rows() const { return static_cast<int>(features.rows()); }
  int query_token(int row, int scalar) const { return rows() + row * scalars + scalar; }
  bool is_query(int token) const { return token >= rows(); }
  /// Row that a token stands for.
  int row_of(int token) const { return is_query(token) ? (token - rows()) / scalars : token; }
  /// Scalar that a query token stands for.
  int scalar_of(int token) const { return (token - rows()) % scalars; }
};

}  // namespace sextant::model
