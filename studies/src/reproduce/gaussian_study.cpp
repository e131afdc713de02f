#include "sextant/studies/reproduce/gaussian_study.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sextant/advice/rank_blocks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/gaps.hpp"
#include "sextant/studies/generators/gaussian_task.hpp"
#include "sextant/studies/reproduce/run_log.hpp"
#include "sextant/studies/reproduce/subspace_experiment.hpp"

namespace sextant::studies::reproduce {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr double no_horizon = std::numeric_limits<double>::quiet_NaN();
constexpr int random_draws = 5;
constexpr Index head_count = 48;

/// What a method did with one prompt.
struct Answer {
  std::string method;
  double correction = 0;
  double horizon = no_horizon;
};

double steps(std::int64_t horizon) { return static_cast<double>(horizon); }

/// A stream of its own for every prompt of every part.
std::uint64_t stream(std::size_t part, std::size_t index) {
  return (static_cast<std::uint64_t>(part) << 40) + index;
}

generators::GaussianFamily family_of(const GaussianSpectrum& spectrum, double signal_to_noise) {
  VectorXd variances(spectrum.parameters);
  for (Index i = 0; i < spectrum.parameters; ++i) {
    variances(i) = std::pow(static_cast<double>(i + 1), -spectrum.decay);
  }
  variances /= variances.sum();
  generators::GaussianFamily family;
  family.examples = spectrum.examples;
  family.blocks = {{variances.cwiseSqrt(), 1}};
  family.benchmark = {1, 1 / signal_to_noise};
  return family;
}

/// Every way to choose on one prompt, the exact posterior mean last.
std::vector<Answer> answers(const geometry::PromptGeometry& geometry,
                            const spectral::Benchmark& truth) {
  advice::HorizonOptions options;
  const advice::HorizonChoice plug_in = advice::choose_horizon(geometry, options);
  options.sigma2.rule = evidence::Sigma2Rule::profile;
  const advice::HorizonChoice profile = advice::choose_horizon(geometry, options);
  const VectorXd& values = plug_in.system.values;
  const VectorXd residuals = plug_in.system.rotate(geometry.residuals);
  const VectorXd coupling = plug_in.system.rotate(geometry.query_kernels[0].rowwise().sum());
  const double rho = plug_in.rho;
  const auto corrected = [&](const VectorXd& filter) {
    return spectral::query_correction(filter, coupling, residuals);
  };
  const auto after = [&](std::string name, std::int64_t horizon) {
    return Answer{std::move(name), corrected(spectral::gd_query_filter(values, rho, horizon)),
                  steps(horizon)};
  };
  const std::int64_t largest = plug_in.curve.horizons.back();
  const auto weights = spectral::query_gap_weights(values, coupling, truth);
  const double lambda_star = truth.lambda_star();
  const auto known =
      spectral::oracle_horizon(values, weights, lambda_star, rho, plug_in.curve.horizons).horizon;
  return {
      {"no update", 0, 0},
      after("T = 8", 8),
      after(fmt::format("T = {}", largest), largest),
      {"evidence, plug-in", plug_in.queries[0].correction_map, steps(plug_in.t_map)},
      {"evidence, profile", profile.queries[0].correction_map, steps(profile.t_map)},
      {"Gibbs average", plug_in.queries[0].correction_average, plug_in.posterior.mean},
      {"average over lambda_star",
       corrected(evidence::average_over_lambda_star(values, residuals).query_filter), no_horizon},
      after("spectral match",
            std::min(plug_in.spectral_match.horizon_prompt.value_or(largest), largest)),
      after("best T, variances known", known),
      {"exact Bayes", corrected(spectral::bayes_query_filter(values, lambda_star)), no_horizon}};
}

/// Signal-to-noise ratio, then error and horizon of every method.
Row spectrum_row(const GaussianSpectrum& spectrum, const GaussianOptions& options, Random random) {
  const double signal_to_noise =
      options.signal_to_noise[random.below(options.signal_to_noise.size())];
  const generators::GaussianFamily family = family_of(spectrum, signal_to_noise);
  const geometry::PromptGeometry geometry = generators::draw_gaussian_task(family, random);
  const auto made = answers(geometry, family.benchmark);
  const auto system = spectral::decompose(geometry.kernels[0]);
  const double posterior =
      spectral::query_variance(system.values, system.rotate(geometry.query_kernels[0].col(0)),
                               geometry.query_variances(0, 0), family.benchmark)
          .posterior;
  Row row = {signal_to_noise};
  for (const Answer& answer : made) {
    row.push_back(std::pow(answer.correction - made.back().correction, 2) + posterior);
    row.push_back(answer.horizon);
  }
  return row;
}

std::vector<std::string> method_names(const GaussianSpectrum& spectrum) {
  Random random(0);
  const generators::GaussianFamily family = family_of({2, 2, spectrum.decay}, 1);
  std::vector<std::string> names;
  for (const Answer& answer :
       answers(generators::draw_gaussian_task(family, random), family.benchmark)) {
    names.push_back(answer.method);
  }
  return names;
}

std::string settings_of(const GaussianOptions& options, std::string_view part,
                        const std::string& more) {
  return fmt::format("sextant reproduce: gaussian-benchmark, seed {}; {}; {}", options.seed, part,
                     more);
}

SpectrumResult run_spectrum(std::size_t number, const GaussianOptions& options) {
  const GaussianSpectrum& spectrum = options.spectra[number];
  const std::string part = fmt::format("spectrum-{}", number + 1);
  const std::vector<std::string> names = method_names(spectrum);
  std::vector<std::string> columns = {"signal_to_noise"};
  for (const std::string& name : names) {
    columns.push_back("error " + name);
    columns.push_back("horizon " + name);
  }
  const auto rows =
      run_part(options, part,
               settings_of(options, part,
                           fmt::format("n {}, d {}, decay {}, signal to noise {}",
                                       spectrum.examples, spectrum.parameters, spectrum.decay,
                                       fmt::join(options.signal_to_noise, " "))),
               columns, options.prompts, [&](std::size_t i) {
                 return spectrum_row(spectrum, options, Random(options.seed, stream(number, i)));
               });
  std::vector<MethodErrors> methods;
  for (std::size_t m = 0; m < names.size(); ++m) {
    MethodErrors method{names[m], {}, 0};
    for (const Row& row : rows) {
      method.errors.push_back(row[1 + 2 * m]);
      method.mean_horizon += row[2 + 2 * m];
    }
    method.mean_horizon /= static_cast<double>(rows.size());
    methods.push_back(std::move(method));
  }
  return {spectrum, compare_methods(fmt::format("n = {}, d = {}, spectrum i^-{}", spectrum.examples,
                                                spectrum.parameters, spectrum.decay),
                                    methods, "evidence, plug-in", options.resampling)};
}

generators::GaussianFamily draw_heads(const GaussianHeads& heads, Random& random) {
  generators::GaussianFamily family;
  double diagonal = 0;
  for (Index b = 0; b < head_count; ++b) {
    const auto parameters =
        static_cast<Index>(1 + random.below(static_cast<std::uint64_t>(heads.most_parameters)));
    const double scale = std::exp(heads.scale_spread * random.normal());
    family.blocks.push_back(
        {VectorXd::Constant(parameters, scale / std::sqrt(static_cast<double>(parameters))),
         std::exp(heads.coupling_spread * random.normal())});
    diagonal += scale * scale;
  }
  family.benchmark = {1, diagonal / 2};
  return family;
}

/// R(S) over R of no update, [method][budget] in the order of `subspace_methods`.
Row heads_row(const GaussianHeads& heads, const GaussianOptions& options, Random random) {
  const generators::GaussianFamily family = draw_heads(heads, random);
  const geometry::PromptGeometry geometry = generators::draw_gaussian_task(family, random);
  advice::BlockRankingOptions score;
  score.horizon_options.tau2 = family.benchmark.tau2;
  score.horizon_options.sigma2 = {evidence::Sigma2Rule::fixed, family.benchmark.sigma2};
  score.horizon = heads.horizon;
  score.budget = std::min<Index>(options.budgets.back(), head_count);
  const advice::HorizonChoice whole = advice::choose_horizon(geometry, score.horizon_options);
  const geometry::BlockMatrices blocks = geometry::block_matrices(geometry);
  const subspace::PlannedUpdate update{heads.horizon, score.horizon_options.step,
                                       subspace::UpdateMethod::automatic};
  const double none = subspace::UpdateRisk(blocks, whole.benchmark).no_update();
  Row row;
  for (const std::string& name : subspace_methods()) {
    score.method = subspace::method_from_name(name);
    const int draws = score.method == subspace::Method::random ? random_draws : 1;
    Row risks(options.budgets.size(), 0.0);
    for (int draw = 0; draw < draws; ++draw) {
      score.seed = random.bits();
      const advice::BlockRanking ranking = advice::rank_blocks(geometry, whole, score);
      const std::span<const Index> order(ranking.selected_indices);
      for (std::size_t k = 0; k < risks.size(); ++k) {
        const auto size = std::min(static_cast<std::size_t>(options.budgets[k]), order.size());
        risks[k] +=
            subspace::risk_of(blocks, order.first(size), whole.benchmark, update) / (none * draws);
      }
    }
    row.insert(row.end(), risks.begin(), risks.end());
  }
  return row;
}

HeadsResult run_heads(std::size_t number, const GaussianOptions& options) {
  const GaussianHeads& heads = options.heads[number];
  const std::string part = fmt::format("heads-{}", number + 1);
  const std::vector<std::string> names = subspace_methods();
  const std::size_t budgets = options.budgets.size();
  std::vector<std::string> columns;
  for (const std::string& name : names) {
    for (const int budget : options.budgets) columns.push_back(fmt::format("{} {}", name, budget));
  }
  const auto rows = run_part(
      options, part,
      settings_of(options, part,
                  fmt::format("parameters 1 to {}, scale spread {}, coupling spread {}, T {}",
                              heads.most_parameters, heads.scale_spread, heads.coupling_spread,
                              heads.horizon)),
      columns, options.geometries, [&](std::size_t i) {
        return heads_row(heads, options,
                         Random(options.seed, stream(options.spectra.size() + number, i)));
      });
  const auto column = [&](std::size_t index) {
    std::vector<double> values;
    for (const Row& row : rows) values.push_back(row[index]);
    return values;
  };
  HeadsResult result{heads, {}};
  std::vector<double> p_values;
  const auto risk = static_cast<std::size_t>(std::ranges::find(names, "risk") - names.begin());
  for (std::size_t m = 0; m < names.size(); ++m) {
    for (std::size_t k = 0; k < budgets; ++k) {
      const auto values = column(m * budgets + k);
      result.rules.push_back(
          {names[m], options.budgets[k], statistics::estimate(values),
           statistics::compare_paired(column(risk * budgets + k), values, options.resampling), 1});
      if (m != risk) p_values.push_back(result.rules.back().risk_gains.p_value);
    }
  }
  const std::vector<double> adjusted = statistics::holm(p_values);
  std::size_t next = 0;
  for (RuleRisk& rule : result.rules) {
    if (rule.method != "risk") rule.adjusted_p = adjusted[next++];
  }
  return result;
}

}  // namespace

GaussianResult run_gaussian_study(const GaussianOptions& options) {
  constexpr std::string_view here = "run_gaussian_study";
  if (options.prompts < 2) throw ArgumentError(here, "prompts", "is below 2");
  if (options.geometries < 2) throw ArgumentError(here, "geometries", "is below 2");
  if (options.budgets.empty()) throw ArgumentError(here, "budgets", "is empty");
  if (options.signal_to_noise.empty()) throw ArgumentError(here, "signal_to_noise", "is empty");
  GaussianResult result;
  for (std::size_t i = 0; i < options.spectra.size(); ++i) {
    result.spectra.push_back(run_spectrum(i, options));
  }
  for (std::size_t i = 0; i < options.heads.size(); ++i) {
    result.heads.push_back(run_heads(i, options));
  }
  return result;
}

}  // namespace sextant::studies::reproduce
