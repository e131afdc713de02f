#include "sextant/readout/label_expectation.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"

namespace sextant::readout {

template <class Scalar>
LabelExpectation<Scalar>::LabelExpectation(const model::Weights<Scalar>& weights,
                                           std::vector<int> tokens, std::vector<double> values) {
  constexpr const char* function = "LabelExpectation";
  if (weights.head == nullptr) throw ArgumentError(function, "weights", "have no output head");
  if (tokens.empty()) throw ArgumentError(function, "tokens", "is empty");
  check_size(function, "values", values.size(), tokens.size());
  check_finite(function, "values", values);
  const Eigen::Index width = weights.config.width;
  label_rows_.resize(static_cast<Eigen::Index>(tokens.size()), width);
  for (std::size_t j = 0; j < tokens.size(); ++j) {
    if (tokens[j] < 0 || tokens[j] >= weights.config.vocabulary) {
      throw ArgumentError(
          function, fmt::format("tokens[{}]", j),
          fmt::format("is {}, outside the vocabulary of {}", tokens[j], weights.config.vocabulary));
    }
    const Scalar* row = weights.head + static_cast<std::ptrdiff_t>(tokens[j]) * width;
    label_rows_.row(static_cast<Eigen::Index>(j)) =
        Eigen::Map<const Eigen::RowVector<Scalar, Eigen::Dynamic>>(row, width)
            .template cast<double>();
  }
  values_ =
      Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

template <class Scalar>
Eigen::VectorXd LabelExpectation<Scalar>::probabilities(const model::Rows<Scalar>& hidden,
                                                        int output) const {
  const Eigen::VectorXd state = hidden.row(output).template cast<double>();
  const Eigen::VectorXd logits = label_rows_ * state;
  const Eigen::VectorXd odds = (logits.array() - logits.maxCoeff()).exp();
  return odds / odds.sum();
}

template <class Scalar>
double LabelExpectation<Scalar>::predict(const model::Rows<Scalar>& hidden,
                                         std::span<const int> outputs) const {
  return values_.dot(probabilities(hidden, outputs.back()));
}

template <class Scalar>
void LabelExpectation<Scalar>::pull_back(const model::Rows<Scalar>& hidden,
                                         std::span<const int> outputs, double factor,
                                         std::span<const int> target,
                                         model::Rows<Scalar>& cotangent) const {
  const Eigen::VectorXd p = probabilities(hidden, outputs.back());
  const double prediction = values_.dot(p);
  const Eigen::VectorXd slope = p.array() * (values_.array() - prediction);  // ds/dlogits
  cotangent.row(target.back()) +=
      (factor * (label_rows_.transpose() * slope)).transpose().template cast<Scalar>();
}

template class LabelExpectation<float>;
template class LabelExpectation<double>;

}  // namespace sextant::readout
