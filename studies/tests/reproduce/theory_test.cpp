/// The checks of the theory, with few draws: every statement is found to hold, and reports are
/// whole. The functions they call have tests of their own.

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/core/random_matrix.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/filters.hpp"
#include "sextant/studies/reproduce/theory_study.hpp"
#include "support/close.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

constexpr TheoryOptions few = {200, 3};

std::string findings_of(const TheoryStudy& study) {
  std::string text;
  for (const TheorySection& section : study.sections) {
    for (const std::string& finding : section.findings) text += finding + "\n";
  }
  return text;
}

void check_whole(const TheoryStudy& study) {
  CAPTURE(study.title);
  const std::string text = theory_text(study, {});
  const report::HtmlReport html = theory_html({"t", "s", {}}, study);
  std::size_t figures = 0;
  for (const TheorySection& section : study.sections) {
    CAPTURE(section.title);
    CHECK(text.find(section.title) != std::string::npos);
    CHECK_FALSE(section.tables.empty());
    for (const auto& [caption, table] : section.tables) CHECK(table.rows() > 0);
    figures += section.figures.size();
  }
  CHECK(html.figures().size() == figures);
  CHECK(to_json(study)["sections"].size() == study.sections.size());
}

/// Prompt and query of `bayes_gap_study`, with filters as matrices and no eigenvectors.
struct DenseCase {
  Eigen::MatrixXd kernel;
  Eigen::VectorXd coupling;
  double rho = 0;

  explicit DenseCase(std::uint64_t seed) {
    Random random(seed, 1);
    const Eigen::MatrixXd phi = normal_matrix(20, 40, random) / std::sqrt(40.0);
    const Eigen::VectorXd query = normal_vector(40, random) / std::sqrt(40.0);
    kernel = phi * phi.transpose();
    coupling = phi * query;
    rho = spectral::step_from_scale(kernel.selfadjointView<Eigen::Lower>().eigenvalues()[19]);
  }
  /// (K + lambda I)^-1
  Eigen::MatrixXd bayes(double lambda) const {
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(20, 20);
    return (kernel + lambda * identity).ldlt().solve(identity);
  }
  /// rho sum_{t < T} (I - rho K)^t
  Eigen::MatrixXd descent(int horizon) const {
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(20, 20);
    for (int t = 0; t < horizon; ++t)
      sum += rho * (Eigen::MatrixXd::Identity(20, 20) - kernel * sum);
    return sum;
  }
  /// E |K (Q - Q_Bayes) r|^2 and E (k' (Q - Q_Bayes) r)^2 for r ~ N(0, K + lambda I).
  std::pair<double, double> gaps(const Eigen::MatrixXd& filter, double lambda) const {
    const Eigen::MatrixXd wrong = filter - bayes(lambda);
    const Eigen::MatrixXd covariance =
        wrong * (kernel + lambda * Eigen::MatrixXd::Identity(20, 20)) * wrong.transpose();
    return {(kernel * covariance * kernel).trace(), coupling.dot(covariance * coupling)};
  }
};

}  // namespace

TEST_CASE("Bayes gaps agree with dense matrices and simulation, and a wrong one is noticed") {
  const TheoryStudy study = bayes_gap_study({20'000, 3});
  check_whole(study);
  CHECK(findings_of(study).find("all 42 simulated means agree") != std::string::npos);
  CHECK(findings_of(study).find("all 3 simulated means agree") != std::string::npos);

  const DenseCase dense(3);
  const auto prompt = to_json(study.sections[0].tables[0].second);
  const auto query = to_json(study.sections[0].tables[1].second);
  REQUIRE(prompt.size() == 21);
  int compared = 0;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    const std::string name = prompt[i]["filter"];
    const double lambda = prompt[i]["lambda_star"];
    const double prompt_gap = prompt[i]["gap"];
    const double query_gap = query[i]["gap"];
    CAPTURE(name);
    CAPTURE(lambda);
    // Simulation alone: a gap that is 15% off would be more than five standard errors away.
    for (const auto& row : {prompt[i], query[i]}) {
      const double gap = row["gap"];
      const double error = row["SE"];
      CHECK(std::abs(row["simulated"].get<double>() - gap) < 5 * error);
      CHECK(std::abs(row["simulated"].get<double>() - 1.15 * gap) > 5 * error);
    }
    const std::string steps = "gradient descent, T = ";
    if (name.starts_with(steps)) {
      const int horizon = std::stoi(name.substr(steps.size()));
      const auto [p, q] = dense.gaps(dense.descent(horizon), lambda);
      CHECK(prompt_gap == test::close(p, 1e-9));
      CHECK(query_gap == test::close(q, 1e-9));
      const auto [more, more_query] = dense.gaps(dense.descent(horizon + 1), lambda);
      CHECK_FALSE(prompt_gap == test::close(more, 1e-4));  // another horizon is another gap
      ++compared;
    } else if (name.starts_with("Bayes")) {
      const auto [p, q] = dense.gaps(dense.bayes(10 * lambda), lambda);
      CHECK(prompt_gap == test::close(p, 1e-9));
      CHECK(query_gap == test::close(q, 1e-9));
      ++compared;
    } else if (name == "no update") {
      const auto [p, q] = dense.gaps(Eigen::MatrixXd::Zero(20, 20), lambda);
      CHECK(prompt_gap == test::close(p, 1e-9));
      CHECK(query_gap == test::close(q, 1e-9));
      ++compared;
    }
  }
  CHECK(compared == 18);

  // The risk of 30 steps at sigma2 = 0.5: E |G (s + e) - s|^2, G = K Q, s of covariance K.
  const Eigen::MatrixXd g = dense.kernel * dense.descent(30);
  const Eigen::MatrixXd rest = Eigen::MatrixXd::Identity(20, 20) - g;
  const double risk = (rest * dense.kernel * rest.transpose()).trace() + 0.5 * g.squaredNorm();
  const auto risks = to_json(study.sections[1].tables[0].second);
  REQUIRE(risks.size() == 3);
  for (const auto& row : risks) {
    CHECK(row["risk"].get<double>() == test::close(risk, 1e-9));
    CHECK(std::abs(row["simulated"].get<double>() - 1.05 * risk) > 5 * row["SE"].get<double>());
  }
}

TEST_CASE("horizons, necessity results and subspaces are found as the theory states them") {
  const TheoryStudy horizon = horizon_study(few);
  check_whole(horizon);
  CHECK(findings_of(horizon).find("closer to the limit from n = 50 to n = 800") !=
        std::string::npos);
  CHECK(findings_of(horizon).find("The bound holds") != std::string::npos);

  const TheoryStudy necessity = necessity_study({8000, 3});
  check_whole(necessity);
  CHECK(findings_of(necessity).find("significantly better for every signal") != std::string::npos);

  const TheoryStudy subspace = subspace_study(few);
  check_whole(subspace);
  CHECK(findings_of(subspace).find("all 7 simulated means agree") != std::string::npos);
  CHECK(findings_of(subspace).find("holds at its rate") != std::string::npos);
}

TEST_CASE("the linear transformer's risks agree with drawn data") {
  const TheoryStudy study = linear_transformer_study({1000, 2});
  check_whole(study);
  const std::string findings = findings_of(study);
  for (const char* count :
       {"all 36 simulated", "all 12 simulated", "all 10 simulated", "all 6 simulated"}) {
    CAPTURE(count);
    CHECK(findings.find(count) != std::string::npos);
  }
  CHECK(findings.find("cross at k* = 54.42") != std::string::npos);
  CHECK(findings.find("no size in the table has a crossing") != std::string::npos);
  CHECK_THROWS_AS(linear_transformer_study({99, 1}), ArgumentError);
}

TEST_CASE("certificates cover with the true reference; the same numbers whatever the threads") {
  set_threads(1);
  const TheoryStudy one = evidence_bound_study(few);
  set_threads(0);
  const TheoryStudy two = evidence_bound_study(few);
  check_whole(one);
  CHECK(to_json(one) == to_json(two));
  const std::string findings = findings_of(one);
  CHECK(findings.find("With the true reference every certificate covers") != std::string::npos);
  CHECK(findings.find("All three bounds hold") != std::string::npos);
  CHECK(findings.find("Ranks of T are compatible") != std::string::npos);
}

TEST_CASE("on the shipped model the deviation is of second order") {
  const TheoryStudy study = validity_study(few, SEXTANT_SOURCE_DIR "/models/digits-gpt2", 2);
  check_whole(study);
  const auto rows = to_json(study.sections[0].tables[0].second);
  REQUIRE(rows.size() == 8);
  // Doubling the smallest step makes it about four times as large.
  const double ratio = rows[1]["deviation"].get<double>() / rows[0]["deviation"].get<double>();
  CHECK(ratio > 3);
  CHECK(ratio < 6);
  CHECK_THROWS_AS(validity_study(few, "/nonexistent"), InputError);
  CHECK_THROWS_AS(bayes_gap_study({99, 1}), ArgumentError);
}
