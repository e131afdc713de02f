#include "sextant/studies/pretrain/optimizer.hpp"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::studies::pretrain {
namespace {

constexpr std::size_t chunk_size = 1 << 14;

/// Calls body(chunk, begin, end) for pieces of [0, size) that depend on `size` alone.
template <class Body>
void for_chunks(std::size_t size, const Body& body) {
  const std::size_t chunks = (size + chunk_size - 1) / chunk_size;
  parallel_for(static_cast<std::ptrdiff_t>(chunks), [&](std::ptrdiff_t chunk) {
    const std::size_t begin = static_cast<std::size_t>(chunk) * chunk_size;
    body(static_cast<std::size_t>(chunk), begin, std::min(begin + chunk_size, size));
  });
}

/// What one step does to every value of a tensor.
template <class Scalar>
struct StepFactors {
  Scalar beta1, beta2, epsilon;
  Scalar rate_first;   ///< rate / (1 - beta1^t)
  Scalar root_second;  ///< 1 / sqrt(1 - beta2^t)
  Scalar shrink;       ///< 1 - rate * weight decay
};

template <class Scalar>
void update(const StepFactors<Scalar>& f, const Scalar* gradient, Scalar* first, Scalar* second,
            Scalar* values, std::size_t size) {
  using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
  const auto n = static_cast<Eigen::Index>(size);
  const Eigen::Map<const Array> g(gradient, n);
  Eigen::Map<Array> m(first, n);
  Eigen::Map<Array> v(second, n);
  Eigen::Map<Array> w(values, n);
  m = f.beta1 * m + (1 - f.beta1) * g;
  v = f.beta2 * v + (1 - f.beta2) * g * g;
  w = f.shrink * w - f.rate_first * m / (f.root_second * v.sqrt() + f.epsilon);
}

}  // namespace

double learning_rate(const Schedule& schedule, int step) {
  constexpr std::string_view here = "learning_rate";
  check_positive(here, "schedule.peak", schedule.peak);
  const auto range = [&](std::string_view name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw ArgumentError(here, name, fmt::format("is {}, expected {} to {}", value, low, high));
    }
  };
  range("schedule.final_share", schedule.final_share, 0, 1);
  range("schedule.warmup", schedule.warmup, 0, schedule.steps);
  range("step", step, 0, schedule.steps - 1);
  if (step < schedule.warmup) return schedule.peak * (step + 1) / schedule.warmup;
  const double u = static_cast<double>(step - schedule.warmup) / (schedule.steps - schedule.warmup);
  const double cosine = (1 + std::cos(std::numbers::pi * u)) / 2;
  return schedule.peak * (schedule.final_share + (1 - schedule.final_share) * cosine);
}

bool is_decayed(const model::ParameterShape& parameter) {
  const bool embedding = parameter.name == "wte.weight" || parameter.name == "wpe.weight" ||
                         parameter.name == "wfe.weight";
  return parameter.shape.size() == 2 && !embedding;
}

template <class Scalar>
void adamw_step(const AdamWOptions& options, double rate, int step,
                const model::Parameters<Scalar>& gradient, Moments<Scalar>& moments,
                model::Parameters<Scalar>& parameters) {
  const std::size_t total = parameters.values().size();
  check_size("adamw_step", "gradient", gradient.values().size(), total);
  check_size("adamw_step", "moments.first", moments.first.size(), total);
  check_size("adamw_step", "moments.second", moments.second.size(), total);
  StepFactors<Scalar> factors{};
  factors.beta1 = static_cast<Scalar>(options.beta1);
  factors.beta2 = static_cast<Scalar>(options.beta2);
  factors.epsilon = static_cast<Scalar>(options.epsilon);
  factors.rate_first = static_cast<Scalar>(rate / (1 - std::pow(options.beta1, step + 1)));
  factors.root_second = static_cast<Scalar>(1 / std::sqrt(1 - std::pow(options.beta2, step + 1)));
  for (const auto& tensor : parameters.shapes()) {
    const std::size_t offset = parameters.offset(tensor.name);
    const std::size_t size = std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                             std::size_t{1}, std::multiplies<>());
    factors.shrink =
        static_cast<Scalar>(is_decayed(tensor) ? 1 - rate * options.weight_decay : 1.0);
    for_chunks(size, [&](std::size_t, std::size_t begin, std::size_t end) {
      const std::size_t at = offset + begin;
      update(factors, gradient.values().data() + at, moments.first.data() + at,
             moments.second.data() + at, parameters.values().data() + at, end - begin);
    });
  }
}

template <class Scalar>
double clip_gradient(double largest, std::vector<Scalar>& gradient) {
  check_positive("clip_gradient", "largest", largest);
  std::vector<double> parts((gradient.size() + chunk_size - 1) / chunk_size);
  for_chunks(gradient.size(), [&](std::size_t chunk, std::size_t begin, std::size_t end) {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
    }
    parts[chunk] = sum;
  });
  const double norm = std::sqrt(std::accumulate(parts.begin(), parts.end(), 0.0));
  if (!std::isfinite(norm) || norm <= largest) return norm;
  const auto factor = static_cast<Scalar>(largest / norm);
  for_chunks(gradient.size(), [&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) gradient[i] *= factor;
  });
  return norm;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                            \
  template void adamw_step(const AdamWOptions&, double, int, const model::Parameters<Scalar>&, \
                           Moments<Scalar>&, model::Parameters<Scalar>&);                      \
  template double clip_gradient(double, std::vector<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::studies::pretrain
