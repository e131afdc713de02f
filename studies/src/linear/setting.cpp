#include "sextant/studies/linear/setting.hpp"

#include <cmath>

#include "checks.hpp"

namespace sextant::studies::linear {

Diagonal as_diagonal(const Isotropic& setting) {
  check("as_diagonal", setting);
  const auto d = static_cast<double>(setting.d);
  return {setting.n, setting.k, Eigen::VectorXd::Ones(setting.d),
          Eigen::VectorXd::Constant(setting.d, std::sqrt(setting.b2 / d)), setting.sigma2};
}

}  // namespace sextant::studies::linear
