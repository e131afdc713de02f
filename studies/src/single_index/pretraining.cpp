#include "sextant/studies/single_index/pretraining.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <vector>

#include "checks.hpp"
#include "sextant/core/threads.hpp"
#include "weighted_context.hpp"

namespace sextant::studies::single_index {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index most_prompts = 10'000'000;
constexpr Index most_examples = 1'000'000;

/// sum_q ty_q V(q) q' of one prompt, with Gamma0 = alpha0 I.
Eigen::MatrixXf prompt_gradient(const Attention& attention, double alpha0,
                                const generators::LabelledInputs& context,
                                const generators::LabelledInputs& queries) {
  const WeightedContext keys(attention, context);
  const Index n = context.size();
  const Index d = context.x.rows();
  const model::Rows<float> projected = (alpha0 * queries.x).transpose().cast<float>();
  const model::Rows<float> plain = queries.x.transpose().cast<float>();
  const VectorXd targets = clipped_labels(queries.y, attention.label_clip);
  const Eigen::RowVectorXf labels = keys.labels.cast<float>().transpose();
  constexpr Index block = 128;
  model::Rows<float> p;
  model::Rows<float> v(block, d);
  model::Rows<float> sum = model::Rows<float>::Zero(d, d);
  for (Index first = 0; first < queries.size(); first += block) {
    const Index count = std::min(block, queries.size() - first);
    keys.weights(projected, first, count, p);
    for (Index q = 0; q < count; ++q) {
      auto weights = p.row(q);
      const float value = weights.dot(labels);
      const auto target = static_cast<float>(targets[first + q]);
      weights.array() *= target * (labels.array() - value);
    }
    const auto width = static_cast<std::size_t>(d);
    model::gemm(false, false, static_cast<int>(count), static_cast<int>(d), static_cast<int>(n),
                1.0F, p.data(), static_cast<std::size_t>(n), keys.keys.data(), width, 0.0F,
                v.data(), width);
    model::gemm(true, false, static_cast<int>(d), static_cast<int>(d), static_cast<int>(count),
                1.0F, v.data(), width, plain.row(first).data(), width, 1.0F, sum.data(), width);
  }
  return sum;
}

}  // namespace

double Pretrained::largest_bulk() const {
  const Index bulk = eigenvalues.size() - rank();
  return bulk > 0 ? eigenvalues.tail(bulk).cwiseAbs().maxCoeff() : 0.0;
}

MatrixXd pretraining_gradient(const generators::SingleIndexFamily& family,
                              const Eigen::Ref<const MatrixXd>& subspace,
                              const Attention& attention, const PretrainingOptions& options) {
  constexpr std::string_view here = "pretraining_gradient";
  generators::check_family(here, family);
  check_attention(here, attention);
  check_same(here, "subspace", subspace.rows(), family.dimension);
  check_same(here, "subspace", subspace.cols(), family.rank);
  check_count(here, "prompts", options.prompts, 1, most_prompts);
  check_count(here, "context", options.context, 1, most_examples);
  check_count(here, "queries", options.queries, 1, most_examples);
  check_not_negative(here, "initial_scale", options.initial_scale);
  const Index d = family.dimension;
  const double alpha0 = options.initial_scale / std::sqrt(static_cast<double>(d));
  // Rounds of chunks of prompts: each chunk's sum is made in order, and so is the sum of chunks.
  constexpr Index chunk = 8;
  constexpr Index chunks = 32;
  MatrixXd gradient = MatrixXd::Zero(d, d);
  std::vector<MatrixXd> sums(chunks);
  for (Index start = 0; start < options.prompts; start += chunk * chunks) {
    const Index count = std::min(chunk * chunks, options.prompts - start);
    const Index used = (count + chunk - 1) / chunk;
    parallel_for(used, [&](std::ptrdiff_t i) {
      MatrixXd& sum = sums[static_cast<std::size_t>(i)];
      sum.setZero(d, d);
      const Index first = start + i * chunk;
      for (Index prompt = first; prompt < std::min(first + chunk, start + count); ++prompt) {
        Random random(options.seed, static_cast<std::uint64_t>(prompt));
        const auto task = generators::draw_single_index_task(family, subspace, random);
        const auto context = generators::draw_labelled_inputs(task, options.context, random);
        const auto queries = generators::draw_labelled_inputs(task, options.queries, random);
        sum += prompt_gradient(attention, alpha0, context, queries).cast<double>();
      }
    });
    for (Index i = 0; i < used; ++i) gradient += sums[static_cast<std::size_t>(i)];
    if (options.on_progress) options.on_progress(start + count);
  }
  return gradient / (static_cast<double>(options.prompts) * static_cast<double>(options.queries));
}

Pretrained normalise_gradient(const Eigen::Ref<const MatrixXd>& gradient, Index rank) {
  constexpr std::string_view here = "normalise_gradient";
  const Index d = gradient.rows();
  if (d == 0 || gradient.cols() != d) {
    throw ArgumentError(here, "gradient",
                        fmt::format("is {} x {}, expected a square matrix", d, gradient.cols()));
  }
  check_count(here, "rank", rank, 1, d);
  if (!gradient.allFinite()) throw ArgumentError(here, "gradient", "is not finite");
  const MatrixXd symmetric = 0.5 * gradient + 0.5 * gradient.transpose();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(symmetric);
  if (solver.info() != Eigen::Success) {
    throw NumericalError("normalise_gradient: the eigenvalue iteration did not converge");
  }
  const VectorXd values = solver.eigenvalues().reverse();
  const MatrixXd vectors = solver.eigenvectors().rowwise().reverse();
  const double background = rank < d ? values.tail(d - rank).mean() : 0.0;
  const double top = values.head(rank).mean() - background;
  const double rounding = static_cast<double>(d) * 1e-15 * values.cwiseAbs().maxCoeff();
  if (!(top > rounding)) {
    throw NumericalError(
        "normalise_gradient: no eigenvalue of the gradient stands out, so there is no subspace");
  }
  Pretrained result;
  result.eigenvalues = (values.array() - background) / top;
  result.subspace = vectors.leftCols(rank);
  result.background = background / top;
  const double scale = 1 / (top * std::sqrt(static_cast<double>(rank)));
  result.gamma = scale * (symmetric - background * MatrixXd::Identity(d, d));
  return result;
}

Pretrained pretrain(const generators::SingleIndexFamily& family,
                    const Eigen::Ref<const MatrixXd>& subspace, const Attention& attention,
                    const PretrainingOptions& options) {
  return normalise_gradient(pretraining_gradient(family, subspace, attention, options),
                            family.rank);
}

double smallest_cosine(const Eigen::Ref<const MatrixXd>& a, const Eigen::Ref<const MatrixXd>& b) {
  check_same("smallest_cosine", "b", b.rows(), a.rows());
  check_same("smallest_cosine", "b", b.cols(), a.cols());
  const MatrixXd product = a.transpose() * b;
  if (product.size() == 0) return 1;
  return std::min(1.0, Eigen::JacobiSVD<MatrixXd>(product).singularValues().minCoeff());
}

double energy_inside(const Eigen::Ref<const MatrixXd>& gamma,
                     const Eigen::Ref<const MatrixXd>& subspace) {
  check_same("energy_inside", "gamma", gamma.cols(), gamma.rows());
  check_same("energy_inside", "subspace", subspace.rows(), gamma.rows());
  const double total = gamma.squaredNorm();
  return total > 0 ? (subspace.transpose() * gamma * subspace).squaredNorm() / total : 0.0;
}

}  // namespace sextant::studies::single_index
