#pragma once

/// The spectrum of a random kernel in high dimension, and the horizons that follow from it
/// [W, App. G.3]; theory Sec. 4.
///
/// For Phi [n, d] with independent N(0, 1/d) entries and n/d -> gamma, the eigenvalues of
/// K = Phi Phi' follow the Marchenko-Pastur law
///
///     density sqrt((l+ - l)(l - l-)) / (2 pi gamma l) on [l-, l+],  l+- = (1 +- sqrt(gamma))^2,
///     and mass 1 - 1/gamma at 0 when gamma > 1,
///
/// so that every average over the spectrum, and with it the risk curve over times of gradient flow,
/// becomes deterministic. Errors: `ArgumentError` for values out of range.

#include <functional>

#include "sextant/spectral/gaps.hpp"

namespace sextant::studies::analysis {

class MarchenkoPastur {
 public:
  /// `ratio` gamma = n/d, positive and finite.
  explicit MarchenkoPastur(double ratio);

  double ratio() const { return ratio_; }
  double lower() const { return lower_; }  ///< l-
  double upper() const { return upper_; }  ///< l+
  double atom() const { return atom_; }    ///< Mass at 0.
  /// The density of the continuous part; 0 outside [l-, l+], infinite at 0 for gamma = 1.
  double density(double l) const;

  /// An integral and a bound on its numerical error as the quadrature estimates it.
  struct Expectation {
    double value = 0;
    double error = 0;
  };
  /// The mean of f(l) over the law, atom included; `f` must be finite on [0, l+]. Adaptive
  /// Gauss-Kronrod quadrature after the substitution l = 1 + gamma + 2 sqrt(gamma) cos(a), which
  /// makes the integrand smooth; about 1e-12 relative for smooth f.
  Expectation mean(const std::function<double(double)>& f) const;

 private:
  double ratio_;
  double lower_;
  double upper_;
  double atom_;
};

/// The limit of the risk per example of gradient flow at `time` >= 0 [W, Prop. G.9]:
/// the mean of tau2 l exp(-2 t l) + sigma2 (1 - exp(-t l))^2.
double limiting_flow_risk(const MarchenkoPastur& law, const spectral::Benchmark& benchmark,
                          double time);

/// The limit of the weighted mean eigenvalue mu that spectral matching uses,
/// (1 + gamma + lambda_star)/(1 + lambda_star) [W, App. G.3.1]; `lambda_star` >= 0.
double limiting_mean_eigenvalue(double ratio, double lambda_star);

/// A time that does not depend on the prompt any more.
struct LimitingTime {
  double time = 0;     ///< Minimises `limiting_flow_risk`.
  double risk = 0;     ///< There.
  double matched = 0;  ///< log(1 + mu/lambda_star)/mu at the limiting mean eigenvalue.
  double matched_risk = 0;
};

/// The best time of gradient flow in the limit, and the matched one. tau2 and sigma2 positive. The
/// minimiser is looked for between the times that suit l+ and max(l-, 1e-9 l+), where every mode
/// has its own best time. About a thousand quadratures.
LimitingTime limiting_time(const MarchenkoPastur& law, const spectral::Benchmark& benchmark);

}  // namespace sextant::studies::analysis
