#include "sextant/studies/statistics/paired.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::studies::statistics {
namespace {

constexpr int resamples_per_task = 100;

void check_values(std::string_view function, std::span<const double> values) {
  if (values.empty()) throw ArgumentError(function, "values", "is empty");
  check_finite(function, "values", values);
}

void check_options(std::string_view function, const ResamplingOptions& options) {
  check_between(function, "level", options.level, 0, 1);
  if (options.resamples < 100) {
    throw ArgumentError(function, "resamples",
                        fmt::format("is {}, expected at least 100", options.resamples));
  }
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// resample(random) for every resample, from streams that do not depend on the threads.
template <class Resample>
std::vector<double> resampled(const ResamplingOptions& options, const Resample& resample) {
  std::vector<double> results(static_cast<std::size_t>(options.resamples));
  const int tasks = (options.resamples + resamples_per_task - 1) / resamples_per_task;
  parallel_for(tasks, [&](std::ptrdiff_t task) {
    Random random(options.seed, static_cast<std::uint64_t>(task));
    const auto first = task * resamples_per_task;
    const auto last = std::min<std::ptrdiff_t>(options.resamples, first + resamples_per_task);
    for (auto i = first; i < last; ++i) results[static_cast<std::size_t>(i)] = resample(random);
  });
  return results;
}

/// The q-quantile of sorted values, linear between order statistics.
double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below);
  return (1 - part) * sorted[below] + part * sorted[above];
}

/// Sums under all sign patterns, by the bits of a counter.
std::vector<double> every_signed_mean(std::span<const double> values) {
  std::vector<double> means(std::size_t{1} << values.size());
  for (std::size_t pattern = 0; pattern < means.size(); ++pattern) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += (pattern >> i & 1) != 0 ? -values[i] : values[i];
    }
    means[pattern] = sum / static_cast<double>(values.size());
  }
  return means;
}

double randomly_signed_mean(std::span<const double> values, Random& random) {
  constexpr int word = 64;
  double sum = 0;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % word == 0) bits = random.bits();
    sum += (bits & 1) != 0 ? -values[i] : values[i];
    bits >>= 1;
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace

Estimate estimate(std::span<const double> values) {
  check_values("estimate", values);
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto n = static_cast<double>(values.size());
  const double error = values.size() == 1 ? std::numeric_limits<double>::quiet_NaN()
                                          : std::sqrt(squares / (n - 1) / n);
  return {mean, error};
}

Interval bootstrap_mean(std::span<const double> values, const ResamplingOptions& options) {
  check_values("bootstrap_mean", values);
  check_options("bootstrap_mean", options);
  std::vector<double> means = resampled(options, [&](Random& random) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    return sum / static_cast<double>(values.size());
  });
  std::sort(means.begin(), means.end());
  const double tail = (1 - options.level) / 2;
  return {quantile(means, tail), quantile(means, 1 - tail)};
}

double sign_permutation_p_value(std::span<const double> differences,
                                const ResamplingOptions& options) {
  check_values("sign_permutation_p_value", differences);
  check_options("sign_permutation_p_value", options);
  const bool exact = differences.size() < 31 &&
                     (std::int64_t{1} << differences.size()) <= std::int64_t{options.resamples};
  const std::vector<double> means =
      exact ? every_signed_mean(differences) : resampled(options, [&](Random& random) {
        return randomly_signed_mean(differences, random);
      });
  double size = 0;
  for (const double value : differences) size += std::abs(value);
  // Equal means differ by rounding, depending on the order of their terms.
  const double rounding = 1e-12 * size / static_cast<double>(differences.size());
  const double observed = std::abs(mean_of(differences)) - rounding;
  const auto count = static_cast<double>(
      std::ranges::count_if(means, [&](double mean) { return std::abs(mean) >= observed; }));
  const auto total = static_cast<double>(means.size());
  return exact ? count / total : (1 + count) / (1 + total);
}

std::vector<double> holm(std::span<const double> p_values) {
  for (const double p : p_values) {
    if (!(p >= 0 && p <= 1)) {
      throw ArgumentError("holm", "p_values", fmt::format("holds {}, expected 0 to 1", p));
    }
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto remaining = static_cast<double>(order.size() - k);
    largest = std::max(largest, std::min(1.0, remaining * p_values[order[k]]));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

Comparison compare_paired(std::span<const double> method, std::span<const double> other,
                          const ResamplingOptions& options) {
  check_size("compare_paired", "other", other.size(), method.size());
  std::vector<double> differences(method.size());
  for (std::size_t i = 0; i < method.size(); ++i) differences[i] = other[i] - method[i];
  return {estimate(differences), bootstrap_mean(differences, options),
          sign_permutation_p_value(differences, options)};
}

}  // namespace sextant::studies::statistics
