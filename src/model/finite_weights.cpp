#include "sextant/model/finite_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/model/weights.hpp"

namespace sextant::model {

void check_finite_weights(const std::filesystem::path& directory) {
  const ModelDirectory opened = open_directory(directory);
  for (const ParameterShape& parameter : parameter_shapes(opened.config)) {
    const auto [file, tensor] = opened.tensors.find(parameter.name, opened.config.family);
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
