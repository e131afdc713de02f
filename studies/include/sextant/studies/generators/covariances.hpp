#pragma once

/// A file of variances: for whom the linear transformer was trained, and which task it meets.

#include <Eigen/Core>
#include <filesystem>
#include <string_view>

namespace sextant::studies::generators {

/// Equal lengths, at least 1 and at most 100,000; finite.
struct Covariances {
  Eigen::VectorXd input_variances;  ///< Of each coordinate of an input, at least 0.
  Eigen::VectorXd task_variances;   ///< Of each coefficient over the tasks of pretraining.
  Eigen::VectorXd task;             ///< The coefficients at test time; without the key, the square
                                    ///< roots of the task variances: a task of typical size in
                                    ///< every coordinate.
};

/// {"input_variances": [..], "task_variances": [..], "task": [..]}, the last optional. Throws
/// `InputError` naming file and place for anything else.
Covariances parse_covariances(std::string_view json, std::string_view file);
Covariances read_covariances(const std::filesystem::path& path);

}  // namespace sextant::studies::generators
