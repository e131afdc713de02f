#include "sextant/readout/class_probabilities.hpp"

#include <fmt/format.h>

#include <numeric>

#include "sextant/core/errors.hpp"

namespace sextant::readout {

int scalars_per_row(int classes) { return classes == 2 ? 1 : classes; }

int class_of_scalar(int classes, int index) { return classes == 2 ? 1 : index; }

template <class Scalar>
ClassProbabilities<Scalar>::ClassProbabilities(const model::Weights<Scalar>& weights, int classes)
    : classes_(classes) {
  if (classes < 2 || classes > weights.config.vocabulary) {
    throw ArgumentError("ClassProbabilities", "classes",
                        fmt::format("is {}, expected 2 to {}, the number that the model knows",
                                    classes, weights.config.vocabulary));
  }
  std::vector<int> tokens(static_cast<std::size_t>(classes));
  std::iota(tokens.begin(), tokens.end(), 0);
  for (int index = 0; index < scalars_per_row(classes); ++index) {
    std::vector<double> indicator(tokens.size(), 0.0);
    indicator[static_cast<std::size_t>(class_of_scalar(classes, index))] = 1;
    of_scalar_.emplace_back(weights, tokens, std::move(indicator));
  }
}

template <class Scalar>
double ClassProbabilities<Scalar>::predict(const model::Rows<Scalar>& hidden,
                                           std::span<const int> outputs) const {
  return of_scalar_.front().predict(hidden, outputs);
}

template <class Scalar>
void ClassProbabilities<Scalar>::pull_back(const model::Rows<Scalar>& hidden,
                                           std::span<const int> outputs, double factor,
                                           std::span<const int> target,
                                           model::Rows<Scalar>& cotangent) const {
  of_scalar_.front().pull_back(hidden, outputs, factor, target, cotangent);
}

template class ClassProbabilities<float>;
template class ClassProbabilities<double>;

}  // namespace sextant::readout
