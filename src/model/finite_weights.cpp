#include "sextant/model/finite_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/model/tensor_source.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::model {

void check_finite_weights(const std::filesystem::path& directory) {
  const ModelConfig config = read_config(directory);
  const TensorSource source(directory);
  for (const ParameterShape& parameter : parameter_shapes(config)) {
    const auto [file, tensor] = source.find(parameter.name, config.family);
    if (tensor == nullptr) continue;
    const std::vector<float> values = file->floats(*tensor);
    const auto bad = std::find_if(values.begin(), values.end(),
                                  [](float value) { return !std::isfinite(value); });
    if (bad == values.end()) continue;
    throw InputError(
        file->path(), fmt::format("tensor \"{}\"", tensor->name),
        fmt::format("element {} is {}, expected finite numbers", bad - values.begin(), *bad));
  }
}

}  // namespace sextant::model
