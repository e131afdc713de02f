#include "sextant/readout/linear_head.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/io/safetensors.hpp"

namespace sextant::readout {
namespace {

constexpr const char* format_name = "sextant-head/1";

}  // namespace

LinearHead read_head(const std::filesystem::path& path) {
  const io::SafetensorsFile file(path);
  const auto found = file.metadata().find("format");
  if (found == file.metadata().end() || found->second != format_name) {
    throw InputError(file.path(), "metadata \"format\"", fmt::format("is not \"{}\"", format_name));
  }
  const auto& weight = file.at("weight");
  const auto& bias = file.at("bias");
  if (weight.shape.size() != 1 || weight.shape[0] == 0) {
    throw InputError(file.path(), "tensor \"weight\"",
                     fmt::format("has shape {}, expected [width]", weight.shape_text()));
  }
  if (bias.elements() != 1) {
    throw InputError(file.path(), "tensor \"bias\"",
                     fmt::format("has shape {}, expected [1]", bias.shape_text()));
  }
  const auto values = file.doubles(weight);
  LinearHead head;
  head.weight =
      Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
  head.bias = file.doubles(bias).front();
  if (!head.weight.allFinite() || !std::isfinite(head.bias)) {
    throw InputError(file.path(), "", "holds numbers that are not finite");
  }
  return head;
}

void write_head(const std::filesystem::path& path, const LinearHead& head) {
  io::SafetensorsWriter writer;
  writer.set_metadata("format", format_name);
  const auto size = static_cast<std::size_t>(head.weight.size());
  writer.add("weight", {size}, std::span<const double>(head.weight.data(), size));
  writer.add("bias", {1}, std::span<const double>(&head.bias, 1));
  writer.write(path);
}

template <class Scalar>
Eigen::MatrixXd pool(const model::Rows<Scalar>& hidden, const model::TokenBatch& batch) {
  Eigen::MatrixXd pooled =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(batch.sequences()), hidden.cols());
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    auto mean = pooled.row(static_cast<Eigen::Index>(i));
    for (const int output : batch.sequence_outputs[i]) {
      mean += hidden.row(output).template cast<double>();
    }
    mean /= static_cast<double>(batch.sequence_outputs[i].size());
  }
  return pooled;
}

template <class Scalar>
PooledHead<Scalar>::PooledHead(LinearHead head, int width) : head_(std::move(head)) {
  if (head_.weight.size() != width) {
    throw ArgumentError(
        "PooledHead", "weight",
        fmt::format("has {} entries, expected the model's width {}", head_.weight.size(), width));
  }
}

template <class Scalar>
double PooledHead<Scalar>::predict(const model::Rows<Scalar>& hidden,
                                   std::span<const int> outputs) const {
  double sum = 0;
  for (const int output : outputs) {
    sum += hidden.row(output).template cast<double>().dot(head_.weight);
  }
  return sum / static_cast<double>(outputs.size()) + head_.bias;
}

template <class Scalar>
void PooledHead<Scalar>::pull_back(const model::Rows<Scalar>&, std::span<const int> outputs,
                                   double factor, std::span<const int> target,
                                   model::Rows<Scalar>& cotangent) const {
  const Eigen::RowVector<Scalar, Eigen::Dynamic> share =
      (factor / static_cast<double>(outputs.size()) * head_.weight)
          .transpose()
          .template cast<Scalar>();
  for (const int row : target) cotangent.row(row) += share;
}

template Eigen::MatrixXd pool(const model::Rows<float>&, const model::TokenBatch&);
template Eigen::MatrixXd pool(const model::Rows<double>&, const model::TokenBatch&);
template class PooledHead<float>;
template class PooledHead<double>;

}  // namespace sextant::readout
