#include "sextant/studies/pretrain/series_loss.hpp"

#include "head_pass.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::studies::pretrain {
namespace {

using model::Parameters;
using model::Rows;

std::size_t count_of(const LabelledSeries& batch) {
  std::size_t count = 0;
  for (const auto& positions : batch.positions) count += positions.size();
  return count;
}

void check_model(const model::ModelConfig& config) {
  if (config.family != model::Family::series) {
    throw ArgumentError("series_loss", "parameters", "are not those of a series model");
  }
}

void check_targets(const LabelledSeries& batch) {
  constexpr std::string_view here = "series_loss";
  check_size(here, "batch.targets", batch.targets.size(), batch.rows.size());
  check_size(here, "batch.positions", batch.positions.size(), batch.rows.size());
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    check_size(here, "batch.targets[i]", batch.targets[i].size(), batch.positions[i].size());
  }
  if (count_of(batch) == 0) throw ArgumentError(here, "batch.positions", "are all empty");
}

model::TokenBatch pack(const LabelledSeries& batch) {
  return model::pack_series(batch.table, batch.rows, batch.positions);
}

/// Mean loss, and the cotangent of the predictions [O, 1]. Series that begin alike share rows.
template <class Scalar>
double loss_of(const HeadPass<Scalar>& pass, const LabelledSeries& batch, Rows<Scalar>& cotangent) {
  const auto count = static_cast<double>(count_of(batch));
  double total = 0;
  cotangent = Rows<Scalar>::Zero(pass.outputs.rows(), 1);
  for (std::size_t i = 0; i < batch.targets.size(); ++i) {
    for (std::size_t k = 0; k < batch.targets[i].size(); ++k) {
      const int row = pass.packed.sequence_outputs[i][k];
      const double error = static_cast<double>(pass.outputs(row, 0)) - batch.targets[i][k];
      total += error * error;
      cotangent(row, 0) += static_cast<Scalar>(2 * error / count);
    }
  }
  return total / count;
}

}  // namespace

template <class Scalar>
std::vector<double> series_predictions(const Parameters<Scalar>& parameters,
                                       const LabelledSeries& batch) {
  check_model(parameters.config());
  const HeadPass<Scalar> pass(parameters, pack(batch), false);
  std::vector<double> predictions;
  for (const auto& outputs : pass.packed.sequence_outputs) {
    for (const int row : outputs) {
      predictions.push_back(static_cast<double>(pass.outputs(row, 0)));
    }
  }
  return predictions;
}

template <class Scalar>
double series_loss(const Parameters<Scalar>& parameters, const LabelledSeries& batch) {
  check_model(parameters.config());
  check_targets(batch);
  Rows<Scalar> ignored;
  return loss_of(HeadPass<Scalar>(parameters, pack(batch), false), batch, ignored);
}

template <class Scalar>
double series_loss_gradient(const Parameters<Scalar>& parameters, const LabelledSeries& batch,
                            Parameters<Scalar>& gradient) {
  check_model(parameters.config());
  check_targets(batch);
  check_size("series_loss_gradient", "gradient", gradient.values().size(),
             parameters.values().size());
  const HeadPass<Scalar> pass(parameters, pack(batch), true);
  Rows<Scalar> cotangent;
  const double loss = loss_of(pass, batch, cotangent);
  pass.pull_back(cotangent, "lm_head.weight", gradient);
  return loss;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                      \
  template std::vector<double> series_predictions(const Parameters<Scalar>&,             \
                                                  const LabelledSeries&);                \
  template double series_loss(const Parameters<Scalar>&, const LabelledSeries&);         \
  template double series_loss_gradient(const Parameters<Scalar>&, const LabelledSeries&, \
                                       Parameters<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::studies::pretrain
