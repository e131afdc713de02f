#include "sextant/subspace/product_scores.hpp"

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/lanczos.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void check_noisy_model(std::string_view function, const spectral::Benchmark& model) {
  check_not_negative(function, "tau2", model.tau2);
  check_positive(function, "sigma2", model.sigma2);
}

}  // namespace

EstimatedScores trace_scores_from_products(const spectral::KernelOperator& kernel,
                                           const BlockForms& forms,
                                           const spectral::Benchmark& model,
                                           const ProbeOptions& options) {
  constexpr std::string_view here = "trace_scores_from_products";
  check_noisy_model(here, model);
  if (options.probes < 2) throw ArgumentError(here, "probes", "is below 2: one has no error");
  MatrixXd samples;  // [B, probes]
  for (int probe = 0; probe < options.probes; ++probe) {
    const VectorXd signs =
        spectral::random_signs(kernel.size(), options.seed, static_cast<std::uint64_t>(probe));
    const VectorXd whitened =
        spectral::KrylovSpace(kernel, signs, options.steps).apply([&](double value) {
          return 1 / std::sqrt(model.tau2 * std::max(value, 0.0) + model.sigma2);
        });
    const VectorXd values = model.tau2 * forms(whitened);
    if (probe == 0) samples.resize(values.size(), options.probes);
    check_size(here, "forms", static_cast<std::size_t>(values.size()),
               static_cast<std::size_t>(samples.rows()));
    samples.col(probe) = values;
  }
  EstimatedScores scores;
  scores.values = samples.rowwise().mean();
  const double count = options.probes;
  scores.errors =
      ((samples.colwise() - scores.values).rowwise().squaredNorm() / (count * (count - 1)))
          .cwiseSqrt();
  return scores;
}

EstimatedScores query_aware_scores_from_products(const std::vector<MatrixXd>& couplings,
                                                 const spectral::TopEigenpairs& top,
                                                 const spectral::Benchmark& model) {
  constexpr std::string_view here = "query_aware_scores_from_products";
  check_noisy_model(here, model);
  if (couplings.empty()) throw ArgumentError(here, "couplings", "is empty: there is no query");
  if (top.values.size() == 0) throw ArgumentError(here, "top", "has no eigenpair");
  const Index blocks = couplings.front().cols();
  EstimatedScores scores{VectorXd::Zero(blocks), VectorXd::Zero(blocks)};
  const VectorXd inverse = (model.tau2 * top.values.array() + model.sigma2).inverse();
  const bool is_whole = top.values.size() == top.vectors.rows();
  const double least = 1 / (model.tau2 * top.values.tail(1)[0] + model.sigma2);
  const double most = 1 / model.sigma2;
  const double scale = model.tau2 * model.tau2 / static_cast<double>(couplings.size());
  for (const MatrixXd& coupling : couplings) {
    check_size(here, "couplings", static_cast<std::size_t>(coupling.rows()),
               static_cast<std::size_t>(top.vectors.rows()));
    check_size(here, "couplings", static_cast<std::size_t>(coupling.cols()),
               static_cast<std::size_t>(blocks));
    const MatrixXd inside = (top.vectors.transpose() * coupling).cwiseAbs2();
    scores.values += scale * inside.transpose() * inverse;
    if (is_whole) continue;
    const VectorXd outside =
        (coupling.colwise().squaredNorm() - inside.colwise().sum()).transpose().cwiseMax(0.0);
    scores.values += scale * (least + most) / 2 * outside;
    scores.errors += scale * (most - least) / 2 * outside;
  }
  return scores;
}

}  // namespace sextant::subspace
