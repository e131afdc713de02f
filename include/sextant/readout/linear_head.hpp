#pragma once

/// Encoder readout: a linear function of the pooled final hidden states of a text.

#include <Eigen/Core>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sextant/model/scalar_readout.hpp"
#include "sextant/readout/pooling.hpp"

namespace sextant::io {
class SafetensorsFile;
}

namespace sextant::readout {

/// s = weight . pooled + bias.
struct LinearHead {
  Eigen::VectorXd weight = {};  ///< [d]
  double bias = 0;
  Pooling pooling{};  ///< What it was fitted on.
};

/// Reads `weight` [d] and `bias` [1] from a safetensors file with metadata format =
/// "sextant-head/1" and pooling = a `pooling_name`, by default "mean". Throws `InputError` naming
/// the tensor when something is missing, has another shape, or is not finite.
LinearHead read_head(const std::filesystem::path& path);
/// The same of a file that is open, or of content in memory.
LinearHead read_head(const io::SafetensorsFile& file);
/// Writes what `read_head` reads.
void write_head(const std::filesystem::path& path, const LinearHead& head);

/// Throws `InputError` naming `file`, which the head comes from, unless it was fitted on what the
/// encoder's directory asks for (`source` says so; empty: it does not say).
void check_pooling(const LinearHead& head, const std::filesystem::path& file, const Pooling& wanted,
                   const std::string& source);

template <class Scalar>
class PooledHead : public model::ScalarReadout<Scalar> {
 public:
  /// Throws `ArgumentError` unless the weight has `width` entries.
  PooledHead(LinearHead head, int width);

  double predict(const model::Rows<Scalar>& hidden, std::span<const int> outputs) const override;
  void pull_back(const model::Rows<Scalar>& hidden, std::span<const int> outputs, double factor,
                 std::span<const int> target, model::Rows<Scalar>& cotangent) const override;

 private:
  LinearHead head_;
};

/// A ridge fit and how its penalty was chosen.
struct RidgeFit {
  LinearHead head = {};
  double penalty = 0;              ///< On |weight|^2, in units of squared target over features.
  double leave_one_out_error = 0;  ///< Mean squared error at that penalty.
  double training_error = 0;       ///< Mean squared error.
  double baseline_error = 0;       ///< Leave-one-out error of predicting the mean.
  bool at_lower_edge = false;      ///< The best penalty is the smallest tried.
  bool at_upper_edge = false;
  Eigen::VectorXd leave_one_out_predictions = {};  ///< [n]
  /// Share of the leave-one-out predictions that are nearer to the target than to the other value
  /// (a tie goes to the smaller one); empty unless the targets have two values.
  std::optional<double> leave_one_out_accuracy = {};
  /// What may be wrong with the fit, a sentence each: the best penalty is at an edge of the range.
  std::vector<std::string> warnings = {};
};

/// Fewer leave no error to choose a penalty by.
inline constexpr std::size_t fewest_ridge_examples = 3;

/// Minimises |y - X w - b|^2 + penalty |w|^2, intercept free, with the penalty that has the
/// smallest leave-one-out error. That error is closed form, e_i / (1 - H_ii), from one singular
/// value decomposition of the centred features; penalties are a grid over 12 decades around the
/// mean squared singular value, refined by Brent's method in log penalty.
/// features [n, d], targets [n]; n >= 3. Throws `ArgumentError` for wrong shapes, non-finite input
/// or targets that are all equal. Cost O(n d min(n, d)).
RidgeFit fit_ridge(const Eigen::Ref<const Eigen::MatrixXd>& features,
                   const Eigen::Ref<const Eigen::VectorXd>& targets);

}  // namespace sextant::readout
