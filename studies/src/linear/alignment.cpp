#include "sextant/studies/linear/alignment.hpp"

#include "checks.hpp"

namespace sextant::studies::linear {

Alignment alignment(const Diagonal& setting, const Eigen::Ref<const Eigen::VectorXd>& weights) {
  check("alignment", setting);
  check_length("alignment", "weights", weights, setting.input_variances.size());
  const auto n = static_cast<double>(setting.n);
  const auto k = static_cast<double>(setting.k);
  const Eigen::ArrayXd l = setting.input_variances.array();
  const Eigen::ArrayXd left = (1 - n * weights.array() * l) * setting.beta.array();
  const double v = (l * setting.beta.array().square()).sum() + setting.sigma2;
  Alignment result;
  for (int j = 1; j <= 3; ++j) {
    const auto index = static_cast<std::size_t>(j - 1);
    result.bias[index] = (l.pow(j) * left.square()).sum();
    result.fluctuation[index] = n * v * (weights.array().square() * l.pow(j + 1)).sum();
  }
  const auto& [a1, a2, a3] = result.bias;
  const auto& [f1, f2, f3] = result.fluctuation;
  result.initial_risk = setting.sigma2 + a1 + f1;
  const double denominator = (k + 1) * (a3 + f3) + l.square().sum() * result.initial_risk;
  if (denominator > 0) {
    result.same_context_gain = k * (a2 + f2) * ((a2 + f2) / denominator);
    result.fresh_context_gain = k * a2 * (a2 / denominator);
  }
  return result;
}

}  // namespace sextant::studies::linear
