#include "sextant/model/functions.hpp"

#include <algorithm>
#include <cmath>

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

bool centers(const NormTerms& terms) { return terms.kind == NormKind::layer; }

template <class Scalar>
Scalar offset(const NormTerms& terms) {
  return terms.kind == NormKind::rms_plus_one ? Scalar(1) : Scalar(0);
}

/// Calls body(row, part, first, width) for the parts of a row, `first` being its first column.
template <class Body>
void for_parts(const NormTerms& terms, Eigen::Index rows, Eigen::Index columns, const Body& body) {
  const Eigen::Index width = columns / terms.parts;
  for_rows(rows, [&](Eigen::Index i) {
    for (int part = 0; part < terms.parts; ++part) {
      body(i, part, part * width, static_cast<std::size_t>(width));
    }
  });
}

/// Where the 1/deviation of a part of a row lies.
std::size_t place(const NormTerms& terms, Eigen::Index row, int part) {
  return static_cast<std::size_t>(row * terms.parts + part);
}

}  // namespace

template <class Scalar>
void normalize(const Rows<Scalar>& x, const NormTerms& terms, Normalized<Scalar>& result) {
  result.hat.resize(x.rows(), x.cols());
  result.inverse_deviation.resize(static_cast<std::size_t>(x.rows() * terms.parts));
  for_parts(
      terms, x.rows(), x.cols(), [&](Eigen::Index i, int part, Eigen::Index first, auto width) {
        result.inverse_deviation[place(terms, i, part)] =
            standardize(centers(terms), x.row(i).data() + first, static_cast<Scalar>(terms.epsilon),
                        result.hat.row(i).data() + first, width);
      });
}

template <class Scalar>
void scale_and_shift(const Rows<Scalar>& hat, const NormTerms& terms, const Norm<Scalar>& norm,
                     Rows<Scalar>& result) {
  result.resize(hat.rows(), hat.cols());
  for_parts(terms, hat.rows(), hat.cols(),
            [&](Eigen::Index i, int, Eigen::Index first, auto width) {
              scale_and_shift(hat.row(i).data() + first, offset<Scalar>(terms), norm.gain,
                              norm.bias, result.row(i).data() + first, width);
            });
}

template <class Scalar>
void normalize_pull_back(const Normalized<Scalar>& normalized, const NormTerms& terms,
                         const Norm<Scalar>& norm, std::span<const int> at,
                         const Rows<Scalar>& cotangent_z, bool accumulate,
                         Rows<Scalar>& cotangent_x) {
  if (!accumulate) cotangent_x.resize(cotangent_z.rows(), cotangent_z.cols());
  for_parts(terms, cotangent_z.rows(), cotangent_z.cols(),
            [&](Eigen::Index i, int part, Eigen::Index first, auto width) {
              const int row = at[static_cast<std::size_t>(i)];
              standardize_pull_back(centers(terms), normalized.hat.row(row).data() + first,
                                    normalized.inverse_deviation[place(terms, row, part)],
                                    offset<Scalar>(terms), norm.gain,
                                    cotangent_z.row(i).data() + first, accumulate,
                                    cotangent_x.row(i).data() + first, width);
            });
}

template <class Scalar>
void normalize_push_forward(const Normalized<Scalar>& normalized, const NormTerms& terms,
                            const Norm<Scalar>& norm, const Rows<Scalar>& change_x,
                            Rows<Scalar>& change_z) {
  change_z.resize(change_x.rows(), change_x.cols());
  const std::vector<Scalar> ones(static_cast<std::size_t>(change_x.cols()), Scalar(1));
  for_parts(terms, change_x.rows(), change_x.cols(),
            [&](Eigen::Index i, int part, Eigen::Index first, auto width) {
              // Standardisation has a symmetric Jacobian, so its pull-back is its derivative.
              Scalar* change = change_z.row(i).data() + first;
              standardize_pull_back(centers(terms), normalized.hat.row(i).data() + first,
                                    normalized.inverse_deviation[place(terms, i, part)], Scalar(0),
                                    ones.data(), change_x.row(i).data() + first, false, change,
                                    width);
              scale_and_shift(change, offset<Scalar>(terms), norm.gain,
                              static_cast<const Scalar*>(nullptr), change, width);
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
void gate(Activation activation, const Rows<Scalar>& gate, const Rows<Scalar>& x,
          Rows<Scalar>& result) {
  if (&result != &x) result.resize(x.rows(), x.cols());
  for_rows(x.rows(), [&](Eigen::Index i) {
    gated_values(activation, gate.row(i).data(), x.row(i).data(), result.row(i).data(),
                 static_cast<std::size_t>(x.cols()));
  });
}

template <class Scalar>
void gate_pull_back(Activation activation, const Rows<Scalar>& gate, const Rows<Scalar>& x,
                    std::span<const int> at, Rows<Scalar>& cotangent,
                    Rows<Scalar>& gate_cotangent) {
  gate_cotangent.resize(cotangent.rows(), cotangent.cols());
  for_rows(cotangent.rows(), [&](Eigen::Index i) {
    const int row = at[static_cast<std::size_t>(i)];
    gated_pull_back(activation, gate.row(row).data(), x.row(row).data(), cotangent.row(i).data(),
                    gate_cotangent.row(i).data(), static_cast<std::size_t>(x.cols()));
  });
}

template <class Scalar>
void gate_push_forward(Activation activation, const Rows<Scalar>& gate, const Rows<Scalar>& x,
                       const Rows<Scalar>& gate_change, Rows<Scalar>& change) {
  const auto width = static_cast<std::size_t>(x.cols());
  for_rows(change.rows(), [&](Eigen::Index i) {
    gated_values(activation, gate.row(i).data(), change.row(i).data(), change.row(i).data(), width);
    Eigen::RowVector<Scalar, Eigen::Dynamic> by_gate = x.row(i).cwiseProduct(gate_change.row(i));
    multiply_by_slopes(activation, gate.row(i).data(), by_gate.data(), width);
    change.row(i) += by_gate;
  });
}

template <class Scalar>
RotaryTable<Scalar>::RotaryTable(const std::vector<double>& frequencies, int positions)
    : cosine(positions, static_cast<Eigen::Index>(frequencies.size())),
      sine(positions, static_cast<Eigen::Index>(frequencies.size())) {
  for_rows(positions, [&](Eigen::Index position) {
    for (std::size_t j = 0; j < frequencies.size(); ++j) {
      const double angle = static_cast<double>(position) * frequencies[j];
      cosine(position, static_cast<Eigen::Index>(j)) = static_cast<Scalar>(std::cos(angle));
      sine(position, static_cast<Eigen::Index>(j)) = static_cast<Scalar>(std::sin(angle));
    }
  });
}

template <class Scalar>
void rotate(const RotaryTable<Scalar>& table, std::span<const int> positions, bool back,
            Rows<Scalar>& x) {
  const Eigen::Index half = table.cosine.cols();
  const Scalar sign = back ? Scalar(-1) : Scalar(1);
  for_rows(x.rows(), [&](Eigen::Index i) {
    const int position = positions[static_cast<std::size_t>(i)];
    const Scalar* cosine = table.cosine.row(position).data();
    const Scalar* sine = table.sine.row(position).data();
    for (Eigen::Index first = 0; first < x.cols(); first += 2 * half) {
      rotate_pairs(cosine, sine, sign, x.row(i).data() + first, static_cast<std::size_t>(half));
    }
  });
}

template <class Scalar>
void masked_softmax(Scalar* row, int first, int visible, int length) {
  std::fill(row, row + first, Scalar(0));
  softmax(row + first, static_cast<std::size_t>(visible - first));
  std::fill(row + visible, row + length, Scalar(0));
}

#define SEXTANT_INSTANTIATE(Scalar)                                                              \
  template void normalize(const Rows<Scalar>&, const NormTerms&, Normalized<Scalar>&);           \
  template void scale_and_shift(const Rows<Scalar>&, const NormTerms&, const Norm<Scalar>&,      \
                                Rows<Scalar>&);                                                  \
  template void normalize_pull_back(const Normalized<Scalar>&, const NormTerms&,                 \
                                    const Norm<Scalar>&, std::span<const int>,                   \
                                    const Rows<Scalar>&, bool, Rows<Scalar>&);                   \
  template void normalize_push_forward(const Normalized<Scalar>&, const NormTerms&,              \
                                       const Norm<Scalar>&, const Rows<Scalar>&, Rows<Scalar>&); \
  template void activate(Activation, const Rows<Scalar>&, Rows<Scalar>&);                        \
  template void activate_pull_back(Activation, const Rows<Scalar>&, std::span<const int>,        \
                                   Rows<Scalar>&);                                               \
  template void gate(Activation, const Rows<Scalar>&, const Rows<Scalar>&, Rows<Scalar>&);       \
  template void gate_pull_back(Activation, const Rows<Scalar>&, const Rows<Scalar>&,             \
                               std::span<const int>, Rows<Scalar>&, Rows<Scalar>&);              \
  template void gate_push_forward(Activation, const Rows<Scalar>&, const Rows<Scalar>&,          \
                                  const Rows<Scalar>&, Rows<Scalar>&);                           \
  template struct RotaryTable<Scalar>;                                                           \
  template void rotate(const RotaryTable<Scalar>&, std::span<const int>, bool, Rows<Scalar>&);   \
  template void masked_softmax(Scalar*, int, int, int);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
