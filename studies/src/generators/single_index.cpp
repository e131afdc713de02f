#include "sextant/studies/generators/single_index.hpp"

#include <fmt/format.h>

#include <Eigen/QR>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"

namespace sextant::studies::generators {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::string_view name_of(LinkFamily link) {
  switch (link) {
    case LinkFamily::cubic:
      return "cubic";
    case LinkFamily::even:
      return "even";
    case LinkFamily::steep:
      return "steep";
    case LinkFamily::saturating:
      return "saturating";
  }
  return "unknown";
}

double link_value(LinkFamily link, double c, double z) {
  const double square = z * z;
  const double he3 = z * (square - 3) / std::sqrt(6.0);
  const double he4 = (square * (square - 6) + 3) / std::sqrt(24.0);
  switch (link) {
    case LinkFamily::cubic:
      return he3 + c * he4;
    case LinkFamily::even:
      return (square - 1) / std::sqrt(2.0) + c * he4;
    case LinkFamily::steep:
      return he3 + 3 * c * he4;
    case LinkFamily::saturating:
      return std::tanh(2 * z) + c * (square - 1);
  }
  throw ArgumentError("link_value", "link", "is not a link family");
}

void check_family(std::string_view function, const SingleIndexFamily& family) {
  if (family.dimension < 1 || family.dimension > largest_single_index_dimension) {
    throw ArgumentError(
        function, "dimension",
        fmt::format("is {}, expected 1 to {}", family.dimension, largest_single_index_dimension));
  }
  if (family.rank < 1 || family.rank > family.dimension) {
    throw ArgumentError(
        function, "rank",
        fmt::format("is {}, expected 1 to the dimension {}", family.rank, family.dimension));
  }
  check_not_negative(function, "link_spread", family.link_spread);
  check_not_negative(function, "sigma2", family.sigma2);
}

LabelledInputs LabelledInputs::part(Index first, Index count) const {
  if (first < 0 || count < 0 || first + count > size()) {
    throw ArgumentError(
        "LabelledInputs::part", "count",
        fmt::format("is {} from {} on, but there are {} samples", count, first, size()));
  }
  return {x.middleCols(first, count), y.segment(first, count)};
}

MatrixXd draw_subspace(const SingleIndexFamily& family, Random& random) {
  check_family("draw_subspace", family);
  const Eigen::HouseholderQR<MatrixXd> qr(normal_matrix(family.dimension, family.rank, random));
  return qr.householderQ() * MatrixXd::Identity(family.dimension, family.rank);
}

SingleIndexTask draw_single_index_task(const SingleIndexFamily& family,
                                       const Eigen::Ref<const MatrixXd>& subspace, Random& random) {
  constexpr std::string_view here = "draw_single_index_task";
  check_family(here, family);
  check_size(here, "subspace", static_cast<std::size_t>(subspace.rows()),
             static_cast<std::size_t>(family.dimension));
  check_size(here, "subspace", static_cast<std::size_t>(subspace.cols()),
             static_cast<std::size_t>(family.rank));
  VectorXd inside;
  do {
    inside = normal_vector(family.rank, random);
  } while (inside.norm() == 0);
  const double c = family.link_spread * (2 * random.uniform() - 1);
  return {(subspace * inside).normalized(), c, family.link, family.sigma2};
}

LabelledInputs draw_labelled_inputs(const SingleIndexTask& task, Index count, Random& random) {
  if (count < 1) {
    throw ArgumentError("draw_labelled_inputs", "count",
                        fmt::format("is {}, expected at least 1", count));
  }
  LabelledInputs samples;
  samples.x = normal_matrix(task.beta.size(), count, random);
  samples.y = samples.x.transpose() * task.beta;
  const double deviation = std::sqrt(task.sigma2);
  for (double& y : samples.y) y = task.signal(y) + deviation * random.normal();
  return samples;
}

}  // namespace sextant::studies::generators
