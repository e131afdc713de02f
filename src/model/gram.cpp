#include "sextant/model/gram.hpp"

#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "pass_checks.hpp"
#include "row_loops.hpp"
#include "row_slice.hpp"
#include "sextant/core/blas.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::model {
namespace {

constexpr std::size_t feature_bytes = 1 << 20;  // stays in a core's cache
constexpr int fewest_inputs = 16;               // in a slice, so that products stay long
constexpr int tile = 128;

int length(const RowRange& range) { return range.end - range.begin; }

SequenceGram zero_gram(int examples, std::size_t sequences) {
  const auto queries = static_cast<Eigen::Index>(sequences) - examples;
  return {Eigen::MatrixXd::Zero(examples, examples), Eigen::MatrixXd::Zero(examples, queries),
          Eigen::VectorXd::Zero(queries)};
}

std::size_t row_stride(const auto& matrix) { return static_cast<std::size_t>(matrix.cols()); }

/// Adds F F' to the lower triangle of `kernel`, F [n, p] row-major.
void add_products(const double* features, int n, int p, Eigen::MatrixXd& kernel) {
  prepare_blas();
  const int tiles = (n + tile - 1) / tile;
  parallel_for(std::ptrdiff_t{tiles} * tiles, [&](std::ptrdiff_t task) {
    const int row = static_cast<int>(task / tiles) * tile;
    const int column = static_cast<int>(task % tiles) * tile;
    if (column > row) return;
    const int rows = std::min(tile, n - row);
    const int columns = std::min(tile, n - column);
    const double* a = features + static_cast<std::size_t>(row) * static_cast<std::size_t>(p);
    const double* b = features + static_cast<std::size_t>(column) * static_cast<std::size_t>(p);
    double* target = kernel.data() + row + static_cast<std::ptrdiff_t>(column) * n;
    if (row == column) {  // column-major lower of F F', F' column-major [p, n]
      cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, rows, p, 1.0, a, p, 1.0, target, n);
    } else {
      cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, rows, columns, p, 1.0, a, p, b, p, 1.0,
                  target, n);
    }
  });
}

/// The gradient of one sequence in one block, [inputs, outputs], row-major.
template <class Scalar>
void sequence_features(const TokenFactors<Scalar>& factors, RowRange range, const BlockSlice& block,
                       double* features) {
  const auto rows = factors.input_row.subspan(static_cast<std::size_t>(range.begin),
                                              static_cast<std::size_t>(length(range)));
  const RowSlice<Scalar> input(*factors.input, rows, block.input_first, block.input_count);
  Rows<Scalar> gradient(block.input_count, block.output_count);
  gemm(true, false, block.input_count, block.output_count, length(range), Scalar(1), input.data(),
       input.stride(), factors.cotangent->row(range.begin).data() + block.output_first,
       row_stride(*factors.cotangent), Scalar(0), gradient.data(), row_stride(gradient));
  widen(gradient.data(), features, static_cast<std::size_t>(gradient.size()));
}

/// One block by features, a slice of its inputs at a time so that memory stays bounded.
template <class Scalar>
SequenceGram gram_by_features(const TokenFactors<Scalar>& factors, int examples,
                              const BlockSlice& block) {
  const std::size_t count = factors.sequences.size();
  SequenceGram result = zero_gram(examples, count);
  const std::size_t per_input =
      count * static_cast<std::size_t>(block.output_count) * sizeof(double);
  const int step = std::clamp(static_cast<int>(feature_bytes / std::max<std::size_t>(per_input, 1)),
                              std::min(fewest_inputs, block.input_count), block.input_count);
  const auto features = std::make_unique_for_overwrite<double[]>(
      count * static_cast<std::size_t>(step) * static_cast<std::size_t>(block.output_count));
  for (int first = 0; first < block.input_count; first += step) {
    const int inputs = std::min(step, block.input_count - first);
    const int p = inputs * block.output_count;
    parallel_for(static_cast<std::ptrdiff_t>(count), [&](std::ptrdiff_t i) {
      sequence_features(factors, factors.sequences[static_cast<std::size_t>(i)],
                        {block.input_first + first, inputs, block.output_first, block.output_count},
                        features.get() + i * p);
    });
    add_products(features.get(), examples, p, result.kernel);
    const auto queries = static_cast<int>(result.variance.size());
    if (queries == 0) continue;
    const double* of_queries = features.get() + static_cast<std::ptrdiff_t>(examples) * p;
    Rows<double> coupling(queries, examples);
    tiled_gemm(false, true, queries, examples, p, 1.0, of_queries, static_cast<std::size_t>(p),
               features.get(), static_cast<std::size_t>(p), 0.0, coupling.data(),
               static_cast<std::size_t>(examples));
    result.coupling += coupling.transpose();
    for (int q = 0; q < queries; ++q) {
      result.variance(q) +=
          Eigen::Map<const Eigen::VectorXd>(of_queries + std::ptrdiff_t{q} * p, p).squaredNorm();
    }
  }
  result.kernel.triangularView<Eigen::StrictlyUpper>() = result.kernel.transpose();
  return result;
}

/// The factors of all rows in double precision.
struct DoubleFactors {
  Rows<double> input, cotangent;
};

template <class Scalar>
DoubleFactors to_double(const TokenFactors<Scalar>& factors) {
  DoubleFactors result;
  const Eigen::Index rows = factors.cotangent->rows();
  result.cotangent = factors.cotangent->template cast<double>();
  result.input.resize(rows, factors.input->cols());
  for (Eigen::Index r = 0; r < rows; ++r) {
    result.input.row(r) =
        factors.input->row(factors.input_row[static_cast<std::size_t>(r)]).template cast<double>();
  }
  return result;
}

/// Inner products of columns [first, first + count) between rows `left` and rows `right`.
void inner_products(const Rows<double>& values, int first, int count, RowRange left, RowRange right,
                    Rows<double>& result) {
  result.resize(length(left), length(right));
  const std::size_t width = row_stride(values);
  const auto at = [&](int row) {
    return values.data() + static_cast<std::size_t>(row) * width + static_cast<std::size_t>(first);
  };
  gemm(false, true, length(left), length(right), count, 1.0, at(left.begin), width, at(right.begin),
       width, 0.0, result.data(), row_stride(result));
}

/// All blocks by pairs of tokens of sequence `i` with those sequences that it needs.
class TokenPairs {
 public:
  TokenPairs(const DoubleFactors& factors, std::span<const RowRange> sequences, int examples,
             std::span<const BlockSlice> blocks, std::vector<SequenceGram>& result)
      : factors_(factors),
        sequences_(sequences),
        examples_(examples),
        blocks_(blocks),
        result_(result) {}

  void run(int i) const {
    if (i < examples_) {
      products(i, 0, i + 1, [&](std::size_t b, int j, double value) {
        result_[b].kernel(i, j) = value;
        result_[b].kernel(j, i) = value;
      });
      return;
    }
    const int query = i - examples_;
    products(i, 0, examples_,
             [&](std::size_t b, int j, double value) { result_[b].coupling(j, query) = value; });
    products(i, i, i + 1,
             [&](std::size_t b, int, double value) { result_[b].variance(query) = value; });
  }

 private:
  /// store(block, j, <gradient i, gradient j>) for j in [first, last).
  template <class Store>
  void products(int i, int first, int last, const Store& store) const {
    if (first == last) return;
    const RowRange left = sequences_[static_cast<std::size_t>(i)];
    const RowRange right{sequences_[static_cast<std::size_t>(first)].begin,
                         sequences_[static_cast<std::size_t>(last - 1)].end};
    Rows<double> inputs;
    Rows<double> outputs;
    const BlockSlice* previous = nullptr;
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const BlockSlice& block = blocks_[b];
      if (previous == nullptr || previous->input_first != block.input_first) {
        inner_products(factors_.input, block.input_first, block.input_count, left, right, inputs);
      }
      if (previous == nullptr || previous->output_first != block.output_first) {
        inner_products(factors_.cotangent, block.output_first, block.output_count, left, right,
                       outputs);
      }
      previous = &block;
      for (int j = first; j < last; ++j) {
        const RowRange columns = sequences_[static_cast<std::size_t>(j)];
        const int begin = columns.begin - right.begin;
        store(b, j,
              inputs.middleCols(begin, length(columns))
                  .cwiseProduct(outputs.middleCols(begin, length(columns)))
                  .sum());
      }
    }
  }

  const DoubleFactors& factors_;
  std::span<const RowRange> sequences_;
  int examples_;
  std::span<const BlockSlice> blocks_;
  std::vector<SequenceGram>& result_;
};

template <class Scalar>
void check_factors(const TokenFactors<Scalar>& factors, int examples,
                   std::span<const BlockSlice> blocks) {
  constexpr std::string_view here = "gram";
  if (factors.input == nullptr || factors.cotangent == nullptr) {
    throw ArgumentError(here, "factors", "have no input or no cotangent");
  }
  const auto rows = factors.cotangent->rows();
  check_size(here, "factors.input_row", factors.input_row.size(), static_cast<std::size_t>(rows));
  for (const int row : factors.input_row) {
    if (row >= 0 && row < factors.input->rows()) continue;
    throw ArgumentError(here, "factors.input_row",
                        fmt::format("has {}, the input has {} rows", row, factors.input->rows()));
  }
  int end = 0;
  for (const RowRange& range : factors.sequences) {
    if (range.begin < end || range.end < range.begin || range.end > rows) {
      throw ArgumentError(here, "factors.sequences",
                          fmt::format("has the rows {} to {}, expected ascending and disjoint "
                                      "ranges of {} rows",
                                      range.begin, range.end, rows));
    }
    end = range.end;
  }
  if (examples < 0 || static_cast<std::size_t>(examples) > factors.sequences.size()) {
    throw ArgumentError(
        here, "examples",
        fmt::format("is {}, expected at most {} sequences", examples, factors.sequences.size()));
  }
  for (const BlockSlice& block : blocks) {
    detail::check_slice(here, "blocks", block, static_cast<int>(factors.input->cols()),
                        static_cast<int>(factors.cotangent->cols()));
  }
}

}  // namespace

GramForm cheaper_form(std::span<const RowRange> sequences, int examples,
                      std::span<const BlockSlice> blocks) {
  double tokens = 0;         // of all sequences
  double prompt_tokens = 0;  // of the sequences before the current one, prompts only
  double pairs = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const double here = length(sequences[i]);
    tokens += here;
    pairs += here * (prompt_tokens + here);
    if (static_cast<int>(i) < examples) prompt_tokens += here;
  }
  const double n = examples;
  const double m = static_cast<double>(sequences.size()) - n;
  const double gradient_pairs = n * (n + 1) / 2 + n * m + m;
  constexpr double single = 0.5;       // single precision runs twice as fast
  constexpr double elementwise = 4.0;  // a memory-bound product and sum of two tables
  double by_features = 0;
  double by_tokens = 0;
  const BlockSlice* previous = nullptr;
  for (const BlockSlice& block : blocks) {
    by_features += (single * tokens + gradient_pairs) * block.input_count * block.output_count;
    by_tokens += elementwise * pairs;
    if (previous == nullptr || previous->input_first != block.input_first) {
      by_tokens += pairs * block.input_count;
    }
    if (previous == nullptr || previous->output_first != block.output_first) {
      by_tokens += pairs * block.output_count;
    }
    previous = &block;
  }
  return by_features <= by_tokens ? GramForm::features : GramForm::tokens;
}

template <class Scalar>
std::vector<SequenceGram> gram(const TokenFactors<Scalar>& factors, int examples,
                               std::span<const BlockSlice> blocks, GramForm form) {
  check_factors(factors, examples, blocks);
  std::vector<SequenceGram> result(blocks.size());
  if (form == GramForm::features) {
    parallel_for(static_cast<std::ptrdiff_t>(blocks.size()), [&](std::ptrdiff_t b) {
      const auto index = static_cast<std::size_t>(b);
      result[index] = gram_by_features(factors, examples, blocks[index]);
    });
    return result;
  }
  for (auto& one : result) one = zero_gram(examples, factors.sequences.size());
  const DoubleFactors values = to_double(factors);
  const TokenPairs pairs(values, factors.sequences, examples, blocks, result);
  parallel_for(static_cast<std::ptrdiff_t>(factors.sequences.size()),
               [&](std::ptrdiff_t i) { pairs.run(static_cast<int>(i)); });
  return result;
}

template std::vector<SequenceGram> gram(const TokenFactors<float>&, int,
                                        std::span<const BlockSlice>, GramForm);
template std::vector<SequenceGram> gram(const TokenFactors<double>&, int,
                                        std::span<const BlockSlice>, GramForm);

}  // namespace sextant::model
