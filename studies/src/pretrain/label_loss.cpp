#include "sextant/studies/pretrain/label_loss.hpp"

#include "head_pass.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::studies::pretrain {
namespace {

using model::Parameters;
using model::Rows;

void check(const model::ModelConfig& config, const LabelledSequences& batch) {
  constexpr std::string_view here = "label_loss";
  if (config.family != model::Family::gpt2 || !config.tied_head) {
    throw ArgumentError(here, "parameters", "are not those of a causal model with a tied head");
  }
  check_size(here, "batch.next", batch.next.size(), batch.tokens.size());
  check_size(here, "batch.positions", batch.positions.size(), batch.tokens.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < batch.next.size(); ++i) {
    check_size(here, "batch.next[i]", batch.next[i].size(), batch.positions[i].size());
    for (const int token : batch.next[i]) {
      if (token < 0 || token >= config.vocabulary) {
        throw ArgumentError(here, "batch.next", "has a token outside the vocabulary");
      }
    }
    count += batch.next[i].size();
  }
  if (count == 0) throw ArgumentError(here, "batch.positions", "are all empty");
}

/// Mean loss, and the cotangent of the logits [O, V]. Sequences that begin alike share output rows,
/// so that one row may be asked for several tokens.
template <class Scalar>
double loss_of_logits(Rows<Scalar> logits, const model::TokenBatch& packed,
                      const LabelledSequences& batch, Rows<Scalar>& cotangent) {
  for (Eigen::Index row = 0; row < logits.rows(); ++row) log_softmax(logits.row(row));
  std::size_t count = 0;
  for (const auto& next : batch.next) count += next.size();
  const auto share = static_cast<Scalar>(1.0 / static_cast<double>(count));
  double total = 0;
  cotangent = Rows<Scalar>::Zero(logits.rows(), logits.cols());
  for (std::size_t i = 0; i < batch.next.size(); ++i) {
    for (std::size_t k = 0; k < batch.next[i].size(); ++k) {
      const int row = packed.sequence_outputs[i][k];
      total -= static_cast<double>(logits(row, batch.next[i][k]));
      cotangent.row(row).array() += share * logits.row(row).array().exp();
      cotangent(row, batch.next[i][k]) -= share;
    }
  }
  return total / static_cast<double>(count);
}

}  // namespace

template <class Scalar>
double label_loss(const Parameters<Scalar>& parameters, const LabelledSequences& batch) {
  check(parameters.config(), batch);
  HeadPass<Scalar> pass(parameters, model::pack_causal(batch.tokens, batch.positions), false);
  Rows<Scalar> ignored;
  return loss_of_logits(std::move(pass.outputs), pass.packed, batch, ignored);
}

template <class Scalar>
double label_loss_gradient(const Parameters<Scalar>& parameters, const LabelledSequences& batch,
                           Parameters<Scalar>& gradient) {
  check(parameters.config(), batch);
  check_size("label_loss_gradient", "gradient", gradient.values().size(),
             parameters.values().size());
  HeadPass<Scalar> pass(parameters, model::pack_causal(batch.tokens, batch.positions), true);
  Rows<Scalar> cotangent;
  const double loss = loss_of_logits(std::move(pass.outputs), pass.packed, batch, cotangent);
  pass.pull_back(cotangent, "wte.weight", gradient);
  return loss;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                        \
  template double label_loss(const Parameters<Scalar>&, const LabelledSequences&);         \
  template double label_loss_gradient(const Parameters<Scalar>&, const LabelledSequences&, \
                                      Parameters<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::studies::pretrain
