#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "head_pass.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/studies/pretrain/tabular.hpp"

namespace sextant::studies::pretrain {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr int measured_contexts[] = {16, 64, 256};
constexpr double ridge_penalty = 1;  // on features of about unit length per row times sqrt(K)
constexpr int tables_per_pass = 16;

/// What one predictor did on each table.
struct Scores {
  std::vector<double> log_loss;
  std::vector<double> accuracy;
};

/// Adds one table's scores; `p` [queries, classes] are probabilities or, without `probabilistic`,
/// any numbers whose largest is the prediction.
void add_scores(const MatrixXd& p, const std::vector<int>& labels, bool probabilistic,
                Scores& scores) {
  double loss = 0;
  double right = 0;
  for (Index q = 0; q < p.rows(); ++q) {
    const int label = labels[static_cast<std::size_t>(q)];
    Index best = 0;
    p.row(q).maxCoeff(&best);
    right += best == label ? 1 : 0;
    if (probabilistic) loss -= std::log(std::max(p(q, label), 1e-12));
  }
  if (probabilistic) scores.log_loss.push_back(loss / static_cast<double>(p.rows()));
  scores.accuracy.push_back(right / static_cast<double>(p.rows()));
}

/// One table of a stacked batch, for the reference predictors.
struct Table {
  MatrixXd context;    ///< [n, features]
  MatrixXd queries;    ///< [m, features]
  MatrixXd indicator;  ///< [n, classes]
  std::vector<int> query_labels;
};

Table table_of(const LabelledRows& batch, std::size_t t) {
  const auto pick = [&](const std::vector<int>& rows) {
    MatrixXd x(static_cast<Index>(rows.size()), batch.table->features.cols());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      x.row(static_cast<Index>(i)) = batch.table->features.row(rows[i]).cast<double>();
    }
    return x;
  };
  Table table{pick(batch.contexts[t]), pick(batch.queries[t]), {}, {}};
  table.indicator = MatrixXd::Zero(table.context.rows(), batch.classes[t]);
  for (Index i = 0; i < table.context.rows(); ++i) {
    const int row = batch.contexts[t][static_cast<std::size_t>(i)];
    table.indicator(i, batch.table->labels[static_cast<std::size_t>(row)]) = 1;
  }
  for (const int row : batch.queries[t]) {
    table.query_labels.push_back(batch.table->labels[static_cast<std::size_t>(row)]);
  }
  return table;
}

MatrixXd ridge(const Table& table) {
  const Eigen::RowVectorXd mean = table.indicator.colwise().mean();
  const MatrixXd centred = table.indicator.rowwise() - mean;
  const Index d = table.context.cols();
  const MatrixXd gram = table.context.transpose() * table.context +
                        ridge_penalty / static_cast<double>(d) * MatrixXd::Identity(d, d);
  const MatrixXd weights = gram.llt().solve(table.context.transpose() * centred);
  return (table.queries * weights).rowwise() + mean;
}

MatrixXd nearest(const Table& table) {
  MatrixXd result(table.queries.rows(), table.indicator.cols());
  for (Index q = 0; q < result.rows(); ++q) {
    Index best = 0;
    (table.context.rowwise() - table.queries.row(q)).rowwise().squaredNorm().minCoeff(&best);
    result.row(q) = table.indicator.row(best);
  }
  return result;
}

/// With one row of each class added, so that none is impossible.
MatrixXd frequencies(const Table& table) {
  Eigen::RowVectorXd counts = table.indicator.colwise().sum();
  counts.array() += 1;
  return (counts / counts.sum()).replicate(table.queries.rows(), 1);
}

/// The model's probabilities for the queries of each table.
std::vector<MatrixXd> model_probabilities(const model::Parameters<float>& parameters,
                                          const LabelledRows& batch) {
  std::vector<std::vector<int>> sequences;
  for (std::size_t t = 0; t < batch.contexts.size(); ++t) {
    for (const int row : batch.queries[t]) {
      sequences.push_back(batch.contexts[t]);
      sequences.back().push_back(batch.table->query_token(row, 0));
    }
  }
  const auto weights = parameters.weights();
  const model::TokenBatch packed = model::pack_rows(batch.table, sequences);
  const auto hidden = forward(weights, packed, model::tree_layouts(packed), false).hidden;
  model::Rows<float> logits;
  model::apply<float>(head_view(weights), nullptr, hidden, logits);
  std::vector<MatrixXd> result;
  std::size_t i = 0;
  for (std::size_t t = 0; t < batch.contexts.size(); ++t) {
    MatrixXd& p = result.emplace_back(batch.queries[t].size(), batch.classes[t]);
    for (Index q = 0; q < p.rows(); ++q) {
      const int row = packed.sequence_outputs[i++].front();
      p.row(q) = logits.row(row).head(p.cols()).cast<double>();
      log_softmax(p.row(q));
      p.row(q) = p.row(q).array().exp();
    }
  }
  return result;
}

TableErrors errors_of(std::string predictor, const Scores& scores) {
  TableErrors errors{std::move(predictor), {std::nan(""), std::nan("")}, {}};
  if (!scores.log_loss.empty()) errors.log_loss = statistics::estimate(scores.log_loss);
  errors.accuracy = statistics::estimate(scores.accuracy);
  return errors;
}

}  // namespace

std::vector<MeasuredTables> measure_tabular(const model::Parameters<float>& parameters,
                                            const generators::TablePrior& prior, int count,
                                            std::uint64_t seed) {
  if (count < 2) throw ArgumentError("measure_tabular", "count", "is below 2");
  std::vector<MeasuredTables> result;
  for (const int context : measured_contexts) {
    if (context < prior.fewest_context || context > prior.most_context) continue;
    generators::TablePrior fixed = prior;
    fixed.fewest_context = context;
    fixed.most_context = context;
    Random random(seed, (std::uint64_t{1} << 32) + static_cast<std::uint64_t>(context));
    Scores of_model;
    Scores of_ridge;
    Scores of_nearest;
    Scores of_frequencies;
    for (int done = 0; done < count; done += tables_per_pass) {
      std::vector<generators::SyntheticTable> tables;
      for (int i = done; i < std::min(count, done + tables_per_pass); ++i) {
        tables.push_back(draw_table(fixed, random));
      }
      const LabelledRows batch =
          stack_tables(tables, parameters.config().features, Places::first, random);
      const auto probabilities = model_probabilities(parameters, batch);
      for (std::size_t t = 0; t < tables.size(); ++t) {
        const Table table = table_of(batch, t);
        add_scores(probabilities[t], table.query_labels, true, of_model);
        add_scores(ridge(table), table.query_labels, false, of_ridge);
        add_scores(nearest(table), table.query_labels, false, of_nearest);
        add_scores(frequencies(table), table.query_labels, true, of_frequencies);
      }
    }
    result.push_back(
        {context,
         count,
         {errors_of("model", of_model), errors_of("ridge", of_ridge),
          errors_of("nearest", of_nearest), errors_of("frequencies", of_frequencies)}});
  }
  return result;
}

}  // namespace sextant::studies::pretrain
