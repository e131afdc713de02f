#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "checks.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/studies/single_index/stages.hpp"
#include "stage_checks.hpp"

namespace sextant::studies::single_index {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// d(student)/d(input) along the start: mean_j v_j 1(v_j s + b_j > 0), for slopes v_j = +-1.
class StudentSlope {
 public:
  StudentSlope(const WeakRecoveryOptions& options, double rising_share, Random& random)
      : units_(static_cast<double>(options.student_units)) {
    for (Index j = 0; j < options.student_units; ++j) {
      const double offset = options.offset_range * (2 * random.uniform() - 1);
      // A rising unit is active above -b, a falling one below b.
      if (random.uniform() < rising_share) {
        rising_.push_back(-offset);
      } else {
        falling_.push_back(offset);
      }
    }
    std::sort(rising_.begin(), rising_.end());
    std::sort(falling_.begin(), falling_.end());
  }

  double operator()(double s) const {
    const auto rising = std::lower_bound(rising_.begin(), rising_.end(), s) - rising_.begin();
    const auto falling = falling_.end() - std::upper_bound(falling_.begin(), falling_.end(), s);
    return static_cast<double>(rising - falling) / units_;
  }

 private:
  double units_;
  std::vector<double> rising_;
  std::vector<double> falling_;
};

double squared_error(const ReluReadout& link, const VectorXd& s, const VectorXd& clipped) {
  return (link.values(s) - clipped).squaredNorm();
}

}  // namespace

WeakRecovery recover_weakly(const Pretrained& pretrained, const Attention& attention,
                            const generators::LabelledInputs& context,
                            const generators::LabelledInputs& held_out,
                            const WeakRecoveryOptions& options, const LinkOptions& link,
                            Random& random) {
  constexpr std::string_view here = "recover_weakly";
  const Index d = check_pretrained(here, pretrained);
  check_attention(here, attention);
  check_link(here, link);
  check_options(here, options);
  check_samples(here, "context", context, d, 1);
  check_samples(here, "held_out", held_out, d, 1);
  const MatrixXd queries = normal_matrix(d, options.queries, random);
  VectorXd teacher = attention_values(attention, pretrained.gamma, context, queries);
  teacher.array() -= teacher.mean();
  const ReluUnits units = draw_units(link.units, link.offset_range, random);
  const VectorXd context_targets = clipped_labels(context.y, link.target_clip);
  const VectorXd held_out_targets = clipped_labels(held_out.y, link.target_clip);
  const auto tested = static_cast<double>(context.size() + held_out.size());

  WeakRecovery result;
  result.direction = result.start = VectorXd::Zero(d);
  result.error = std::numeric_limits<double>::infinity();
  result.candidates = MatrixXd::Zero(d, options.restarts);
  constexpr std::array<double, 3> rising_shares = {1, 0.5, 0.75};
  for (int restart = 0; restart < options.restarts; ++restart) {
    VectorXd start = pretrained.gamma * normal_vector(d, random);
    start.normalize();
    const StudentSlope slope(options, rising_shares[static_cast<std::size_t>(restart % 3)], random);
    const VectorXd s = options.start_norm * (queries.transpose() * start);
    const VectorXd factor = teacher.cwiseProduct(s.unaryExpr(slope));
    VectorXd direction = pretrained.gamma * (queries * factor);
    const double length = direction.norm();
    if (!(length > 0)) continue;
    direction /= length;
    result.candidates.col(restart) = direction;
    const VectorXd on_context = context.x.transpose() * direction;
    const VectorXd on_held_out = held_out.x.transpose() * direction;
    const double error = (squared_error(fit_link(units, link, on_held_out, held_out.y), on_context,
                                        context_targets) +
                          squared_error(fit_link(units, link, on_context, context.y), on_held_out,
                                        held_out_targets)) /
                         tested;
    if (error < result.error) {
      result.error = error;
      result.restart = restart;
      result.direction = direction;
      result.start = start;
    }
  }
  if (!std::isfinite(result.error)) {
    throw NumericalError("recover_weakly: no start gave a step, the teacher is constant");
  }
  return result;
}

}  // namespace sextant::studies::single_index
