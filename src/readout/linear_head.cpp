#include "sextant/readout/linear_head.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/io/safetensors.hpp"

namespace sextant::readout {
namespace {

constexpr const char* format_name = "sextant-head/1";

}  // namespace

LinearHead read_head(const io::SafetensorsFile& file) {
  const auto found = file.metadata().find("format");
  if (found == file.metadata().end() || found->second != format_name) {
    throw InputError(file.path(), "metadata \"format\"", fmt::format("is not \"{}\"", format_name));
  }
  LinearHead head;
  if (const auto pooling = file.metadata().find("pooling"); pooling != file.metadata().end()) {
    const auto known = pooling_from_name(pooling->second);
    if (!known) {
      throw InputError(file.path(), "metadata \"pooling\"",
                       fmt::format("is \"{}\", expected mean or cls, with or without \" "
                                   "normalized\"",
                                   pooling->second));
    }
    head.pooling = *known;
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
  head.weight =
      Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
  head.bias = file.doubles(bias).front();
  if (!head.weight.allFinite() || !std::isfinite(head.bias)) {
    throw InputError(file.path(), "", "holds numbers that are not finite");
  }
  return head;
}

LinearHead read_head(const std::filesystem::path& path) {
  return read_head(io::SafetensorsFile(path));
}

void write_head(const std::filesystem::path& path, const LinearHead& head) {
  io::SafetensorsWriter writer;
  writer.set_metadata("format", format_name);
  writer.set_metadata("pooling", pooling_name(head.pooling));
  const auto size = static_cast<std::size_t>(head.weight.size());
  writer.add("weight", {size}, std::span<const double>(head.weight.data(), size));
  writer.add("bias", {1}, std::span<const double>(&head.bias, 1));
  writer.write(path);
}

void check_pooling(const LinearHead& head, const std::filesystem::path& file, const Pooling& wanted,
                   const std::string& source) {
  if (head.pooling == wanted) return;
  throw InputError(
      file.string(), "metadata \"pooling\"",
      fmt::format("is \"{}\", which the head was fitted on, but the model's is \"{}\" ({}): fit it "
                  "again with `sextant fit-head`",
                  pooling_name(head.pooling), pooling_name(wanted),
                  source.empty() ? "its directory has no other" : source));
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
  return pool(hidden, outputs, head_.pooling).dot(head_.weight) + head_.bias;
}

template <class Scalar>
void PooledHead<Scalar>::pull_back(const model::Rows<Scalar>& hidden, std::span<const int> outputs,
                                   double factor, std::span<const int> target,
                                   model::Rows<Scalar>& cotangent) const {
  pool_pull_back(hidden, outputs, head_.pooling, head_.weight, factor, target, cotangent);
}

template class PooledHead<float>;
template class PooledHead<double>;

}  // namespace sextant::readout
