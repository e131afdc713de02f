#include "sextant/subspace/optimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Index checked_rank(std::string_view function, Index rank, Index most) {
  if (rank < 0) {
    throw ArgumentError(function, "rank", fmt::format("is {}, expected 0 or more", rank));
  }
  return std::min(rank, most);
}

}  // namespace

double OptimalSubspace::risk(Index rank) const {
  const Index kept = checked_rank("OptimalSubspace::risk", rank, captured.size());
  return std::max(0.0, prior_risk - captured.head(kept).sum());
}

VectorXd OptimalSubspace::corrections(Index rank) const {
  const Index kept = checked_rank("OptimalSubspace::corrections", rank, captured.size());
  const auto basis = directions.leftCols(kept);
  return basis * (basis.transpose() * bayes);
}

OptimalSubspace optimal_subspace(const geometry::BlockMatrices& blocks,
                                 const spectral::Eigensystem& full,
                                 const Eigen::Ref<const VectorXd>& residuals,
                                 const spectral::Benchmark& model) {
  constexpr std::string_view here = "optimal_subspace";
  geometry::check_blocks(here, blocks);
  spectral::check_benchmark(here, model);
  check_size(here, "full", static_cast<std::size_t>(full.size()),
             static_cast<std::size_t>(blocks.examples()));
  check_size(here, "residuals", static_cast<std::size_t>(residuals.size()),
             static_cast<std::size_t>(blocks.examples()));
  MatrixXd couplings = MatrixXd::Zero(blocks.examples(), blocks.queries());
  double variance = 0;
  for (Index b = 0; b < blocks.count(); ++b) {
    geometry::add_couplings(blocks, b, couplings);
    variance += geometry::mean_variance(blocks, b);
  }
  // tau2 M^-1 in the eigenbasis is the query form of the Bayes filter.
  const VectorXd filter = model.tau2 == 0
                              ? VectorXd(VectorXd::Zero(full.size()))
                              : spectral::bayes_query_filter(full.values, model.lambda_star());
  const MatrixXd rotated = full.vectors.transpose() * couplings;
  OptimalSubspace result;
  result.bayes = rotated.transpose() * filter.cwiseProduct(full.rotate(residuals));
  result.prior_risk = model.tau2 * variance;
  const MatrixXd captured = model.tau2 / static_cast<double>(blocks.queries()) *
                            (rotated.transpose() * filter.asDiagonal() * rotated);
  const spectral::Eigensystem system = spectral::decompose(captured);
  result.captured = system.values;
  result.directions = system.vectors;
  return result;
}

VectorXd query_coefficients(const Eigen::Ref<const MatrixXd>& query_gram,
                            const Eigen::Ref<const VectorXd>& corrections) {
  check_size("query_coefficients", "corrections", static_cast<std::size_t>(corrections.size()),
             static_cast<std::size_t>(query_gram.rows()));
  const spectral::Eigensystem system = spectral::decompose(query_gram);
  return system.rotate_back(
      spectral::bayes_query_filter(system.values, 0.0).cwiseProduct(system.rotate(corrections)));
}

}  // namespace sextant::subspace
