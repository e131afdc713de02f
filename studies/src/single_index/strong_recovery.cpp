#include <algorithm>
#include <cmath>

#include "sextant/studies/single_index/stages.hpp"
#include "stage_checks.hpp"

namespace sextant::studies::single_index {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

StrongRecovery recover_strongly(const Pretrained& pretrained,
                                const Eigen::Ref<const VectorXd>& start,
                                const generators::LabelledInputs& link_samples,
                                const generators::LabelledInputs& samples,
                                const StrongRecoveryOptions& options, const LinkOptions& link,
                                Random& random) {
  constexpr std::string_view here = "recover_strongly";
  const Index d = check_pretrained(here, pretrained);
  const Index n = samples.size();
  check_same(here, "start", start.size(), d);
  check_vector(here, "start", start);
  check_positive(here, "start", start.norm());
  check_link(here, link);
  check_options(here, options, n);
  check_samples(here, "link_samples", link_samples, d, 1);
  check_samples(here, "samples", samples, d, 0);
  MatrixXd preconditioner =
      static_cast<double>(pretrained.rank()) * pretrained.gamma * pretrained.gamma;
  preconditioner.diagonal().array() += options.leak;
  const ReluUnits units = draw_units(link.units, link.offset_range, random);
  const VectorXd targets = clipped_labels(samples.y, link.target_clip);

  StrongRecovery result;
  result.recorded.resize(d, static_cast<Index>(options.record.size()));
  VectorXd u = start.normalized();
  const auto record = [&](Index done) {
    for (std::size_t i = 0; i < options.record.size(); ++i) {
      if (options.record[i] == done) result.recorded.col(static_cast<Index>(i)) = u;
    }
  };
  VectorXd sum = VectorXd::Zero(d);
  ReluReadout phi;
  record(0);
  for (Index t = 0; t < n; ++t) {
    if (t % options.refit == 0) {
      phi = fit_link(units, link, link_samples.x.transpose() * u, link_samples.y);
    }
    const auto x = samples.x.col(t);
    const double s = u.dot(x);
    VectorXd gradient = (targets[t] - phi.value(s)) * phi.slope(s) * x;
    gradient -= gradient.dot(u) * u;
    gradient = preconditioner * gradient;
    const double length = gradient.norm();
    if (length > options.gradient_clip) gradient *= options.gradient_clip / length;
    const double done = static_cast<double>(t) / static_cast<double>(n);
    u += options.step / (1 + options.decay * done) * gradient;
    u.normalize();
    if (2 * (t + 1) > n) sum += u;
    record(t + 1);
  }
  result.direction = sum.norm() > 0 ? sum.normalized() : u;
  return result;
}

}  // namespace sextant::studies::single_index
