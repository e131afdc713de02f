#include "sextant/studies/pretrain/training.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/io/safetensors.hpp"
#include "sextant/model/arithmetic.hpp"

namespace sextant::studies::pretrain {
namespace {

constexpr const char* state_format = "sextant-training/1";

/// Whether the tensor's output is added to the residual stream.
bool writes_to_stream(const std::string& name) { return name.ends_with(".c_proj.weight"); }

template <class Value>
void read_values(const io::SafetensorsFile& file, const char* name, std::vector<Value>& values,
                 bool any_size) {
  const io::TensorInfo& tensor = file.at(name);
  const std::string expected = sizeof(Value) == 4 ? "F32" : "F64";
  if (tensor.type_name != expected || tensor.shape.size() != 1 ||
      (!any_size && tensor.shape[0] != values.size())) {
    throw InputError(file.path(), fmt::format("tensor \"{}\"", name),
                     fmt::format("is {} {}, expected {}{}", tensor.type_name, tensor.shape_text(),
                                 expected, any_size ? "" : fmt::format(" [{}]", values.size())));
  }
  if constexpr (sizeof(Value) == 4) {
    values = file.floats(tensor);
  } else {
    values = file.doubles(tensor);
  }
}

std::string metadata(const io::SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? std::string() : found->second;
}

}  // namespace

void initialize(std::uint64_t seed, double deviation, model::Parameters<float>& parameters) {
  check_positive("initialize", "deviation", deviation);
  Random random(seed);
  const double to_stream = deviation / std::sqrt(2.0 * parameters.config().layers);
  for (const auto& tensor : parameters.shapes()) {
    float* values = parameters.data(tensor.name);
    const std::size_t size = std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                             std::size_t{1}, std::multiplies<>());
    const bool matrix = tensor.shape.size() == 2;
    const float constant = tensor.name.ends_with(".weight") ? 1.0F : 0.0F;
    const double scale = writes_to_stream(tensor.name) ? to_stream : deviation;
    for (std::size_t i = 0; i < size; ++i) {
      values[i] = matrix ? static_cast<float>(scale * random.normal()) : constant;
    }
  }
}

double train_step(const TrainingOptions& options, const LossGradient& loss_gradient,
                  TrainingState& state, model::Parameters<float>& gradient) {
  const int step = state.steps_done();
  const double rate = learning_rate(options.schedule, step);
  const double loss = loss_gradient(state.parameters, gradient);
  const double norm = clip_gradient(options.largest_gradient, gradient.values());
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    throw NumericalError(fmt::format(
        "training diverged at step {}: the loss is {} and its gradient has length {}; try a "
        "smaller learning rate or a longer warm-up",
        step, loss, norm));
  }
  adamw_step(options.adamw, rate, step, gradient, state.moments, state.parameters);
  state.losses.push_back(loss);
  return loss;
}

double train_step(const TrainingOptions& options, const LabelledSequences& batch,
                  TrainingState& state, model::Parameters<float>& gradient) {
  return train_step(
      options,
      [&](const model::Parameters<float>& parameters, model::Parameters<float>& result) {
        return label_loss_gradient(parameters, batch, result);
      },
      state, gradient);
}

void save_state(const TrainingState& state, const std::string& recipe,
                const std::filesystem::path& path) {
  const std::size_t size = state.parameters.values().size();
  io::SafetensorsWriter writer;
  writer.set_metadata("format", state_format);
  writer.set_metadata("recipe", recipe);
  writer.set_metadata("arithmetic", model::arithmetic_in_use());
  writer.add("parameters", {size}, std::span<const float>(state.parameters.values()));
  writer.add("moments.first", {size}, std::span<const float>(state.moments.first));
  writer.add("moments.second", {size}, std::span<const float>(state.moments.second));
  writer.add("losses", {state.losses.size()}, std::span<const double>(state.losses));
  writer.write(path);
}

TrainingState load_state(const model::ModelConfig& config, const std::string& recipe,
                         const std::filesystem::path& path) {
  const io::SafetensorsFile file(path);
  if (metadata(file, "format") != state_format) {
    throw InputError(
        path.string(), "metadata.format",
        fmt::format("is \"{}\", expected \"{}\"", metadata(file, "format"), state_format));
  }
  if (metadata(file, "recipe") != recipe) {
    throw InputError(path.string(), "",
                     fmt::format("belongs to another run, \"{}\"; this one is \"{}\"",
                                 metadata(file, "recipe"), recipe));
  }
  const std::string other = model::arithmetic_difference(metadata(file, "arithmetic"));
  if (!other.empty()) throw InputError(path.string(), "metadata.arithmetic", other);
  TrainingState state(config);
  read_values(file, "parameters", state.parameters.values(), false);
  read_values(file, "moments.first", state.moments.first, false);
  read_values(file, "moments.second", state.moments.second, false);
  read_values(file, "losses", state.losses, true);
  return state;
}

}  // namespace sextant::studies::pretrain
