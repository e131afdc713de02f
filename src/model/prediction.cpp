#include "sextant/model/prediction.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

template <class Scalar>
void check_hidden(std::string_view function, const Rows<Scalar>& hidden, const TokenBatch& batch) {
  check_size(function, "hidden rows", static_cast<std::size_t>(hidden.rows()),
             batch.outputs.size());
  check_size(function, "batch.sequence_outputs", batch.sequence_outputs.size(), batch.sequences());
}

}  // namespace

template <class Scalar>
Eigen::VectorXd predict(const Rows<Scalar>& hidden, const TokenBatch& batch,
                        const ScalarReadout<Scalar>& readout) {
  check_hidden("predict", hidden, batch);
  Eigen::VectorXd result(static_cast<Eigen::Index>(batch.sequences()));
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    const double prediction =
        readout.scalar(batch.scalar(i)).predict(hidden, batch.sequence_outputs[i]);
    if (!std::isfinite(prediction)) {
      throw NumericalError(
          fmt::format("the model's prediction for sequence {} is not a finite number: most likely "
                      "its activations grow beyond the range of 32-bit numbers (3e38), as with "
                      "weights that are far too large",
                      i));
    }
    result(static_cast<Eigen::Index>(i)) = prediction;
  }
  return result;
}

template <class Scalar>
Rows<Scalar> sequence_cotangents(const Rows<Scalar>& hidden, const TokenBatch& batch,
                                 const ScalarReadout<Scalar>& readout) {
  check_hidden("sequence_cotangents", hidden, batch);
  std::size_t rows = 0;
  for (const auto& outputs : batch.sequence_outputs) rows += outputs.size();
  Rows<Scalar> cotangent = Rows<Scalar>::Zero(static_cast<Eigen::Index>(rows), hidden.cols());
  int next = 0;
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    const auto& outputs = batch.sequence_outputs[i];
    std::vector<int> target(outputs.size());
    std::iota(target.begin(), target.end(), next);
    next += static_cast<int>(outputs.size());
    readout.scalar(batch.scalar(i)).pull_back(hidden, outputs, 1.0, target, cotangent);
  }
  return cotangent;
}

#define SEXTANT_INSTANTIATE(Scalar)                                                 \
  template Eigen::VectorXd predict(const Rows<Scalar>&, const TokenBatch&,          \
                                   const ScalarReadout<Scalar>&);                   \
  template Rows<Scalar> sequence_cotangents(const Rows<Scalar>&, const TokenBatch&, \
                                            const ScalarReadout<Scalar>&);
SEXTANT_INSTANTIATE(float)
SEXTANT_INSTANTIATE(double)
#undef SEXTANT_INSTANTIATE

}  // namespace sextant::model
