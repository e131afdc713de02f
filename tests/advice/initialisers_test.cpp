#include <doctest/doctest.h>

#include "sextant/advice/choose_horizon_products.hpp"
#include "sextant/advice/make_update.hpp"
#include "sextant/advice/plan.hpp"
#include "sextant/evidence/credible.hpp"
#include "sextant/evidence/products.hpp"
#include "sextant/geometry/from_gradients.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/readout/sentence_settings.hpp"
#include "sextant/subspace/greedy.hpp"
#include "sextant/subspace/product_scores.hpp"
#include "sextant/subspace/ranking.hpp"
#include "sextant/task/fit_head.hpp"
#include "sextant/task/row_features.hpp"
#include "sextant/ttt/load.hpp"
#include "sextant/ttt/low_rank.hpp"
#include "sextant/ttt/model_kernel.hpp"
#include "sextant/ttt/row_predictions.hpp"

// Every public struct that a caller fills has defaults for what he does not name: otherwise this
// file does not compile with -Wextra -Werror (-Wmissing-field-initializers).
using namespace sextant;

TEST_CASE("options are filled by naming what differs from the default") {
  const advice::HorizonOptions select{.horizons = {0, 4}};
  CHECK(select.delta == 0.05);
  const advice::BlockRankingOptions score{.budget = 2, .horizon_options = {.horizons = {0, 8}}};
  CHECK(score.horizon_options.step.scale == 0.1);
  const advice::PlanOptions plan{.blocks = {"h.0.attn.v.0"}};
  CHECK_FALSE(plan.ranking.budget);
  CHECK(advice::PlanOptions{.ranking = {.budget = 1}}.blocks.empty());
  CHECK(advice::ProductOptions{.probes = 4}.steps == 30);
  CHECK(evidence::Sigma2Choice{.rule = evidence::Sigma2Rule::profile}.value == 0);
  CHECK(evidence::LanczosOptions{.steps = 3}.trace.probes == 16);
  CHECK(spectral::TraceOptions{.probes = 3}.steps == 40);
  CHECK(spectral::Benchmark{.tau2 = 1}.sigma2 == 0);
  CHECK(subspace::StepRule{.scale = 0.2}.rho == std::nullopt);
  CHECK(subspace::PlannedUpdate{.horizon = 3}.step.scale == 0.1);
  CHECK(subspace::GreedyOptions{.budget = 3}.parameters.empty());
  CHECK(subspace::RankingOptions{.budget = 3}.seed == 0);
  CHECK(subspace::ProbeOptions{.probes = 3}.steps == 30);
}

TEST_CASE("files, prompts and updates are filled by naming what differs from the default") {
  const ttt::PromptModelFiles files{.model = "dir", .prompt = "prompt.json"};
  CHECK_FALSE(files.table);
  CHECK(ttt::TableFiles{.examples = "t.csv"}.supervision.folds == 8);
  CHECK(task::TableColumns{.label = "y"}.categorical.empty());
  CHECK(io::CsvOptions{.delimiter = ';'}.header == io::Header::unsure);
  CHECK(task::RowSupervision{.rows = 3}.context == 256);
  CHECK(model::CaptureOptions{.first_layer = 1}.last_layer == -1);
  CHECK(ttt::AdaptOptions{.rho = 0.1, .horizon = 2}.blocks.empty());
  CHECK_FALSE(advice::UpdateOptions{.solver = ttt::Solver::one_shot}.rank);
  CHECK(ttt::PromptOptions{.query = 1}.label == "prompt");
  CHECK(ttt::ModelOrigin{.directory = "dir"}.read_texts == nullptr);
  CHECK(geometry::BlockGradients{.block = {.name = "a"}}.queries.size() == 0);
  CHECK(ttt::LowRankOptions{.rank = 2}.benchmark.tau2 == 0);
  CHECK(ttt::JacobianMemory{.kept_bytes = 0}.tokens_per_piece == 1 << 14);
  const task::DecoderPrompt decoder{.pattern = {.example = "{x}{y}", .query = "{x}"},
                                    .labels = {{.text = "0"}},
                                    .examples = {{.x = "1", .y = "0"}},
                                    .queries = {{.x = "2"}}};
  CHECK_FALSE(decoder.queries.front().y);
  const task::EncoderPrompt encoder{.examples = {{.text = "a", .y = 1}}};
  CHECK(encoder.queries.empty());
  CHECK(geometry::Block{.name = "a"}.layer == 0);
  CHECK(geometry::KnownPredictions{.residuals = Eigen::VectorXd::Ones(2)}.query_base.size() == 0);
}

TEST_CASE("tables, heads and results are filled by naming what is known") {
  CHECK(task::RowTask{.classes = 3}.context.empty());
  CHECK(task::RowTask{.columns = Eigen::MatrixXd::Ones(2, 1), .labels = {0, 1}}.classes == 2);
  CHECK(task::ClassTable{.file = "t.csv"}.unread == 0);
  CHECK(task::EncodedPrompt{.example_tokens = {{1}}, .causal = true}.source == nullptr);
  CHECK(task::RowFeatures{.kept = {0}}.values.size() == 0);
  CHECK(task::LabelledText{.text = "a"}.label == 0);
  CHECK(task::PromptRows{.queries = {3}}.scalars == 1);
  CHECK(task::SentenceEncoder{.directory = "dir"}.tokenizer == nullptr);
  CHECK(io::CsvCell{.text = "a"}.line == 0);
  CHECK(io::CsvTable{.file = "t.csv", .header = {"x"}}.delimiter == ',');
  CHECK(ttt::PromptTable{.examples = {.file = "t.csv"}}.supervision.folds == 8);
  CHECK(readout::LinearHead{.weight = Eigen::VectorXd::Ones(3)}.bias == 0);
  CHECK(readout::RidgeFit{.penalty = 1}.warnings.empty());
  CHECK(readout::SentenceSettings{.source = "modules.json"}.notes.empty());
  CHECK(advice::KernelProducts{.residuals = Eigen::VectorXd::Ones(2)}.kernel == nullptr);
  CHECK(evidence::KnownVariances{.sigma2 = 1}.tau2 == std::nullopt);
  CHECK_FALSE(ttt::QueryOutcome{.query = 1, .base = 0.5}.target);
  CHECK(ttt::Adaptation{.horizon = 2}.queries.empty());
  CHECK_FALSE(ttt::RowPrediction{.row = 1}.base);
}
