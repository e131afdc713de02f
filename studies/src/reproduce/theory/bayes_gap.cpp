#include <fmt/format.h>

#include "sextant/spectral/filters.hpp"
#include "sextant/spectral/gaps.hpp"
#include "sextant/studies/presentation/study_charts.hpp"
#include "simulation.hpp"

namespace sextant::studies::reproduce {
namespace {

using namespace theory;
using Eigen::VectorXd;
using spectral::Benchmark;

/// A prompt of 20 examples with a query, in the kernel's eigenbasis.
struct Case {
  explicit Case(std::uint64_t seed) {
    Random random(seed, 1);
    const Eigen::MatrixXd phi = features(random, 20, 40);
    const VectorXd query = normal_vector(40, random) / std::sqrt(40.0);
    const spectral::Eigensystem system = spectral::decompose(phi * phi.transpose());
    values = system.values;
    coupling = system.rotate(phi * query);
    rho = spectral::step_from_scale(values[0]);
  }
  VectorXd values;
  VectorXd coupling;
  double rho = 0;
};

struct NamedFilter {
  std::string name;
  VectorXd prompt;
  VectorXd query;
};

std::vector<NamedFilter> filters(const Case& prompt, double lambda_star) {
  std::vector<NamedFilter> list;
  const VectorXd zero = VectorXd::Zero(prompt.values.size());
  list.push_back({"no update", zero, zero});
  for (const std::int64_t horizon : {1, 8, 30, 200}) {
    list.push_back({fmt::format("gradient descent, T = {}", horizon),
                    spectral::gd_prompt_filter(prompt.values, prompt.rho, horizon),
                    spectral::gd_query_filter(prompt.values, prompt.rho, horizon)});
  }
  list.push_back({"gradient flow, t = 30 rho",
                  spectral::flow_prompt_filter(prompt.values, 30 * prompt.rho),
                  spectral::flow_query_filter(prompt.values, 30 * prompt.rho)});
  list.push_back({"Bayes, lambda_star 10 times too large",
                  spectral::bayes_prompt_filter(prompt.values, 10 * lambda_star),
                  spectral::bayes_query_filter(prompt.values, 10 * lambda_star)});
  return list;
}

TheorySection gap_section(const Case& prompt, const TheoryOptions& options) {
  TheorySection section;
  section.title = "Bayes gaps";
  section.statement =
      "The squared distance of a filter's correction from the exact posterior mean is a weighted "
      "sum "
      "of squared filter mismatches, for the prompt and for a query [W, Thm 5.2, Cor. E.5]. 20 "
      "examples, Wishart kernel, tau2 = 1; 'adapt' says whether the query gap is below that of no "
      "update.";
  struct Line {
    double lambda_star;
    std::string name;
    double prompt_gap, prompt_simulated, prompt_error, query_gap, query_simulated, query_error;
    std::string adapt;
  };
  std::vector<Line> lines;
  std::vector<double> scores;
  for (const double lambda_star : {0.1, 1.0, 10.0}) {
    const Benchmark benchmark{1, lambda_star};
    const auto prompt_weights = spectral::prompt_gap_weights(prompt.values, benchmark);
    const auto query_weights =
        spectral::query_gap_weights(prompt.values, prompt.coupling, benchmark);
    const VectorXd prompt_bayes = spectral::bayes_prompt_filter(prompt.values, lambda_star);
    const VectorXd query_bayes = spectral::bayes_query_filter(prompt.values, lambda_star);
    for (const NamedFilter& filter : filters(prompt, lambda_star)) {
      Random random(options.seed, static_cast<std::uint64_t>(lambda_star * 100));
      RunningMean prompt_mean;
      RunningMean query_mean;
      for (int draw = 0; draw < options.draws; ++draw) {
        const VectorXd r = prompt.values.cwiseSqrt().cwiseProduct(normal_vector(20, random)) +
                           std::sqrt(lambda_star) * normal_vector(20, random);
        prompt_mean.add((filter.prompt - prompt_bayes).cwiseProduct(r).squaredNorm());
        const VectorXd reach = (filter.query - query_bayes).cwiseProduct(prompt.coupling);
        query_mean.add(std::pow(reach.dot(r), 2));
      }
      const double prompt_gap =
          spectral::bayes_gap(prompt.values, prompt_weights, lambda_star, filter.prompt);
      const auto gap =
          spectral::adaptation_gap(prompt.values, query_weights, lambda_star, filter.query);
      scores.push_back(prompt_mean.score(prompt_gap));
      scores.push_back(query_mean.score(gap.adapted));
      lines.push_back({lambda_star, filter.name, prompt_gap, prompt_mean.value(),
                       prompt_mean.standard_error(), gap.adapted, query_mean.value(),
                       query_mean.standard_error(), gap.adapt ? "yes" : "no"});
    }
  }
  report::Table prompt_table;
  prompt_table.text_of("filter", lines, &Line::name);
  prompt_table.numbers_of("lambda_star", lines, &Line::lambda_star, 2);
  prompt_table.numbers_of("gap", lines, &Line::prompt_gap, 4);
  prompt_table.numbers_of("simulated", lines, &Line::prompt_simulated, 4);
  prompt_table.numbers_of("SE", lines, &Line::prompt_error, 2);
  report::Table query_table;
  query_table.text_of("filter", lines, &Line::name);
  query_table.numbers_of("lambda_star", lines, &Line::lambda_star, 2);
  query_table.numbers_of("gap", lines, &Line::query_gap, 4);
  query_table.numbers_of("simulated", lines, &Line::query_simulated, 4);
  query_table.numbers_of("SE", lines, &Line::query_error, 2);
  query_table.text_of("adapt", lines, &Line::adapt);
  section.tables = {{"Prompt: summed over the examples", prompt_table}, {"Query", query_table}};
  section.findings.push_back(score_finding("Gaps", scores));
  return section;
}

report::Figure gap_figure(const Case& prompt) {
  std::vector<presentation::MeanLine> lines;
  for (const double lambda_star : {0.1, 1.0, 10.0}) {
    const auto weights =
        spectral::query_gap_weights(prompt.values, prompt.coupling, {1, lambda_star});
    presentation::MeanLine line{fmt::format("lambda_star = {}", lambda_star), {}, {}, {}};
    const double none = spectral::bayes_gap(prompt.values, weights, lambda_star,
                                            VectorXd::Zero(prompt.values.size()));
    for (std::int64_t horizon = 1; horizon <= 512; horizon *= 2) {
      line.add(static_cast<double>(horizon),
               spectral::bayes_gap(prompt.values, weights, lambda_star,
                                   spectral::gd_query_filter(prompt.values, prompt.rho, horizon)) /
                   none);
    }
    lines.push_back(std::move(line));
  }
  return presentation::lines_figure(
      {"Query gap against the horizon",
       "Gap of T steps over that of no update, from the identity. Below 1 "
       "adapting helps; with more "
       "noise (larger lambda_star) the best T comes earlier.",
       "query-gap",
       {}},
      lines, "T", "gap / gap of no update", {true, true, 1.0});
}

/// Unit-variance draws that are not normal.
double draw_of(int kind, Random& random) {
  switch (kind) {
    case 0: {  // Laplace
      const double exponential = -std::log1p(-random.uniform());
      return (random.below(2) == 0 ? 1 : -1) * exponential / std::sqrt(2.0);
    }
    case 1:
      return random.below(2) == 0 ? 1 : -1;
    default:  // mostly 0, sometimes far off
      return random.uniform() < 0.1 ? random.normal() * std::sqrt(10.0) : 0;
  }
}

TheorySection second_moment_section(const Case& prompt, const TheoryOptions& options) {
  TheorySection section;
  section.title = "Only second moments count";
  section.statement =
      "The prompt's risk sum c_i (1 - g_i)^2 + sigma2 g_i^2 needs the second moments c_i of the "
      "signal alone [W, Prop. F.7]. Signals of the same c = tau2 l, sigma2 = 0.5, T = 30, from "
      "distributions that are not normal.";
  const char* const kinds[] = {"Laplace", "signs", "sparse: 90% zeros"};
  const Benchmark benchmark{1, 0.5};
  const VectorXd filter = spectral::gd_prompt_filter(prompt.values, prompt.rho, 30);
  const double expected =
      spectral::prompt_risk(benchmark.tau2 * prompt.values, benchmark.sigma2, filter).risk;
  std::vector<std::string> names;
  std::vector<double> risks;
  std::vector<double> simulated;
  std::vector<double> errors;
  std::vector<double> scores;
  for (int kind = 0; kind < 3; ++kind) {
    Random random(options.seed, 1000 + static_cast<std::uint64_t>(kind));
    RunningMean mean;
    for (int draw = 0; draw < options.draws; ++draw) {
      VectorXd signal = prompt.values.cwiseSqrt();
      for (double& value : signal) value *= draw_of(kind, random);
      VectorXd noise(20);
      for (double& value : noise) value = std::sqrt(benchmark.sigma2) * draw_of(kind, random);
      mean.add((filter.cwiseProduct(signal + noise) - signal).squaredNorm());
    }
    names.emplace_back(kinds[kind]);
    risks.push_back(expected);
    simulated.push_back(mean.value());
    errors.push_back(mean.standard_error());
    scores.push_back(mean.score(expected));
  }
  report::Table table;
  table.text("signal and noise", names).numbers("risk", risks).numbers("simulated", simulated);
  section.tables = {{"Risk of 30 steps", table.numbers("SE", errors, 2)}};
  section.findings.push_back(score_finding("Risks", scores));
  return section;
}

}  // namespace

TheoryStudy bayes_gap_study(const TheoryOptions& options) {
  check_options("bayes_gap_study", options);
  const Case prompt(options.seed);
  TheoryStudy study{"When adapting helps: Bayes gaps against simulation", {}};
  study.sections = {gap_section(prompt, options), second_moment_section(prompt, options)};
  study.sections[0].figures.push_back(gap_figure(prompt));
  return study;
}

}  // namespace sextant::studies::reproduce
