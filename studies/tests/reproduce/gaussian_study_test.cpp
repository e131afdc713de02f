/// The study on the Gaussian benchmark: exact errors against plain simulation in weight space.

#include "sextant/studies/reproduce/gaussian_study.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/reproduce/gaussian_report.hpp"
#include "support/model_directory.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

GaussianOptions small_gaussian_run(const std::filesystem::path& out) {
  GaussianOptions options;
  options.out = out;
  options.prompts = 12;
  options.geometries = 5;
  options.spectra = {{6, 9, 1}};
  options.heads = {{4, 1.5, 0.5, 8}};
  options.budgets = {1, 4};
  options.resampling.resamples = 200;
  return options;
}

const MethodSummary& method(const GroupSummary& group, const std::string& name) {
  return *std::ranges::find(group.methods, name, &MethodSummary::method);
}

/// Squared errors of T steps of gradient descent on the weights themselves, from fresh draws.
std::vector<double> simulated_errors(const GaussianSpectrum& spectrum, double signal_to_noise,
                                     int horizon, int draws) {
  std::vector<double> errors;
  Eigen::VectorXd scales(spectrum.parameters);
  for (Eigen::Index i = 0; i < spectrum.parameters; ++i) {
    scales(i) = std::pow(static_cast<double>(i + 1), -spectrum.decay / 2);
  }
  scales /= scales.norm();
  for (int draw = 0; draw < draws; ++draw) {
    Random random(77, static_cast<std::uint64_t>(draw));
    const Eigen::MatrixXd features =
        normal_matrix(spectrum.examples, spectrum.parameters, random) * scales.asDiagonal();
    const Eigen::VectorXd query =
        scales.cwiseProduct(normal_matrix(spectrum.parameters, 1, random).col(0));
    const Eigen::VectorXd truth = normal_matrix(spectrum.parameters, 1, random);
    const Eigen::VectorXd labels =
        features * truth + normal_matrix(spectrum.examples, 1, random) / std::sqrt(signal_to_noise);
    const double largest =
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(features.transpose() * features)
            .eigenvalues()
            .maxCoeff();
    Eigen::VectorXd weights = Eigen::VectorXd::Zero(spectrum.parameters);
    for (int step = 0; step < horizon; ++step) {
      weights += 0.1 / largest * features.transpose() * (labels - features * weights);
    }
    errors.push_back(std::pow(query.dot(weights - truth), 2));
  }
  return errors;
}

}  // namespace

TEST_CASE("expected errors are what gradient descent on the weights really gives") {
  const test::TemporaryDirectory directory("gaussian-errors");
  GaussianOptions options;
  options.out = directory.path() / "run";
  options.prompts = 1500;
  options.geometries = 2;
  options.spectra = {{10, 30, 1}};
  options.signal_to_noise = {2};
  options.heads = {};
  options.resampling.resamples = 100;
  const GroupSummary group = run_gaussian_study(options).spectra[0].summary;
  for (const int horizon : {8, 30}) {
    CAPTURE(horizon);
    const auto expected = method(group, "T = " + std::to_string(horizon)).error;
    const auto simulated =
        statistics::estimate(simulated_errors(options.spectra[0], 2, horizon, 6000));
    CHECK(std::abs(expected.mean - simulated.mean) <
          4 * std::hypot(expected.standard_error, simulated.standard_error));
  }
  // The prior variance is 1, and nobody beats the posterior mean.
  CHECK(std::abs(method(group, "no update").error.mean - 1) <
        4 * method(group, "no update").error.standard_error);
  for (const MethodSummary& other : group.methods) {
    CHECK(method(group, "exact Bayes").error.mean <= other.error.mean);
  }
}

TEST_CASE("risk makes the smallest error at one block, whatever the draw") {
  const test::TemporaryDirectory directory("gaussian-heads");
  GaussianOptions options = small_gaussian_run(directory.path() / "run");
  options.heads = {{4, 1.5, 0, 8}, {16, 1, 1, 30}};
  for (const HeadsResult& heads : run_gaussian_study(options).heads) {
    for (const RuleRisk& rule : heads.rules) {
      CAPTURE(rule.method);
      CHECK(rule.risk.mean > 0);
      if (rule.budget == 1) CHECK(rule.risk_gains.improvement.mean >= 0);
      if (rule.method == "risk") CHECK(rule.risk_gains.improvement.mean == 0);
    }
  }
}

TEST_CASE("the same numbers whatever the threads, and after a stop") {
  const test::TemporaryDirectory directory("gaussian-resumed");
  set_threads(1);
  const auto one = run_gaussian_study(small_gaussian_run(directory.path() / "one"));
  set_threads(0);
  GaussianOptions options = small_gaussian_run(directory.path() / "two");
  CHECK(to_json(run_gaussian_study(options)) == to_json(one));
  const auto rows = directory.path() / "two" / "heads-1.csv";
  const std::string whole = io::read_file(rows);
  io::write_file(rows, whole.substr(0, whole.size() / 2));
  CHECK_THROWS_AS(run_gaussian_study(options), InputError);
  options.resume = true;
  CHECK(to_json(run_gaussian_study(options)) == to_json(one));
  CHECK(io::read_file(rows) == whole);
  options.seed = 2;
  CHECK_THROWS_AS(run_gaussian_study(options), InputError);
}

TEST_CASE("findings say what the comparisons say") {
  GroupSummary group{"a spectrum", 3, "evidence, plug-in", {}};
  const auto against = [](double mean, double p) {
    statistics::Comparison comparison;
    comparison.improvement.mean = mean;
    return AgainstReference{comparison, p};
  };
  group.methods = {{"Gibbs average", 0, {}, {}, against(0.1, 0.01)},
                   {"average over lambda_star", 0, {}, {}, against(-0.1, 0.01)}};
  GaussianResult result{{{{}, group}}, {{{4, 1.5, 0, 8}, {}}}};
  const auto rule = [](std::string name, int budget, double gain, double p) {
    RuleRisk risk{std::move(name), budget, {}, {}, p};
    risk.risk_gains.improvement.mean = gain;
    return risk;
  };
  result.heads[0].rules = {rule("risk", 1, 0, 1),      rule("risk", 2, 0, 1),
                           rule("trace", 1, 0.1, 0.3), rule("trace", 2, -0.1, 0.001),
                           rule("random", 1, 0.5, 0),  rule("random", 2, -0.2, 0.4)};
  const auto sentences = findings(result);
  REQUIRE(sentences.size() == 2);
  CHECK(sentences[0].find("Gibbs average is ahead of T_MAP") != std::string::npos);
  CHECK(sentences[0].find("lambda_star is behind T_MAP") != std::string::npos);
  CHECK(sentences[1].find("not told apart from trace;") != std::string::npos);
  CHECK(sentences[1].find("better than risk: trace at 2.") != std::string::npos);

  result.heads[0].rules = {rule("risk", 1, 0, 1), rule("trace", 1, 0.1, 0.01)};
  CHECK(findings(result)[1].find("is the best rule; significantly better than risk: no rule") !=
        std::string::npos);
  CHECK(gaussian_text(result, {}).find("Findings") != std::string::npos);
  CHECK(gaussian_html({"t", "s", {}}, result).figures().size() == 1);
}
