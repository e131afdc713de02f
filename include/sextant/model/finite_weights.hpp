#pragma once

/// Finding the values that make a model's predictions NaN.

#include <filesystem>

namespace sextant::model {

/// Throws `InputError` naming file, tensor and first place of a value in a model directory's
/// weights that is not finite. To be called when a prediction was not finite: it reads all of the
/// weights, one tensor at a time, which a good model should not have to pay for.
void check_finite_weights(const std::filesystem::path& directory);

}  // namespace sextant::model
