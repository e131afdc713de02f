#include "sextant/studies/pretrain/row_loss.hpp"

#include <fmt/format.h>

#include <cmath>

#include "head_pass.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::studies::pretrain {
namespace {

using model::Parameters;
using model::Rows;

/// One entry per query, in the order of the batch's tables.
struct Queries {
  std::vector<std::vector<int>> sequences;
  std::vector<int> labels;
  std::vector<int> classes;
};

Queries list_queries(const model::ModelConfig& config, const LabelledRows& batch) {
  constexpr std::string_view here = "row_loss";
  if (!config.reads_rows()) throw ArgumentError(here, "parameters", "are not those of a row model");
  check_size(here, "batch.queries", batch.queries.size(), batch.contexts.size());
  check_size(here, "batch.classes", batch.classes.size(), batch.contexts.size());
  Queries result;
  for (std::size_t t = 0; t < batch.contexts.size(); ++t) {
    if (batch.classes[t] < 2 || batch.classes[t] > config.vocabulary) {
      throw ArgumentError(
          here, fmt::format("batch.classes[{}]", t),
          fmt::format("is {}, expected 2 to {}", batch.classes[t], config.vocabulary));
    }
    for (const int row : batch.queries[t]) {
      const int label = batch.table->labels.at(static_cast<std::size_t>(row));
      if (label < 0 || label >= batch.classes[t]) {
        throw ArgumentError(here, fmt::format("batch.table.labels[{}]", row),
                            fmt::format("is {}, expected 0 to {}", label, batch.classes[t] - 1));
      }
      result.sequences.push_back(batch.contexts[t]);
      result.sequences.back().push_back(batch.table->query_token(row, 0));
      result.labels.push_back(label);
      result.classes.push_back(batch.classes[t]);
    }
  }
  if (result.sequences.empty()) throw ArgumentError(here, "batch.queries", "are all empty");
  return result;
}

/// Mean loss, and the cotangent of the logits [O, V]. A query that is given twice counts twice.
template <class Scalar>
double loss_of_logits(Rows<Scalar> logits, const model::TokenBatch& packed, const Queries& queries,
                      Rows<Scalar>& cotangent) {
  const auto share = static_cast<Scalar>(1.0 / static_cast<double>(queries.labels.size()));
  double total = 0;
  cotangent = Rows<Scalar>::Zero(logits.rows(), logits.cols());
  for (std::size_t i = 0; i < queries.labels.size(); ++i) {
    const int row = packed.sequence_outputs[i].front();
    Eigen::RowVector<Scalar, Eigen::Dynamic> log_p = logits.row(row).head(queries.classes[i]);
    log_softmax(log_p);
    total -= static_cast<double>(log_p(queries.labels[i]));
    cotangent.row(row).head(queries.classes[i]).array() += share * log_p.array().exp();
    cotangent(row, queries.labels[i]) -= share;
  }
  return total / static_cast<double>(queries.labels.size());
}

}  // namespace

template <class Scalar>
double row_loss(const Parameters<Scalar>& parameters, const LabelledRows& batch) {
  const Queries queries = list_queries(parameters.config(), batch);
  HeadPass<Scalar> pass(parameters, model::pack_rows(batch.table, queries.sequences), false);
  Rows<Scalar> ignored;
  return loss_of_logits(std::move(pass.outputs), pass.packed, queries, ignored);
}

template <class Scalar>
double row_loss_gradient(const Parameters<Scalar>& parameters, const LabelledRows& batch,
                         Parameters<Scalar>& gradient) {
  const Queries queries = list_queries(parameters.config(), batch);
  check_size("row_loss_gradient", "gradient", gradient.values().size(), parameters.values().size());
  HeadPass<Scalar> pass(parameters, model::pack_rows(batch.table, queries.sequences), true);
  Rows<Scalar> cotangent;
  const double loss = loss_of_logits(std::move(pass.outputs), pass.packed, queries, cotangent);
  pass.pull_back(cotangent, "lm_head.weight", gradient);
  return loss;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                 \
  template double row_loss(const Parameters<Scalar>&, const LabelledRows&);         \
  template double row_loss_gradient(const Parameters<Scalar>&, const LabelledRows&, \
                                    Parameters<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::studies::pretrain
