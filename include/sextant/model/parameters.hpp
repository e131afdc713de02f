#pragma once

/// All parameters of a model in one writable array, and their gradient: for training from scratch
/// and for tests.

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sextant/model/transformer.hpp"

namespace sextant::model {

/// Values of every tensor of `parameter_shapes(config)`, one after another, first all zero.
template <class Scalar>
class Parameters {
 public:
  explicit Parameters(const ModelConfig& config);

  const ModelConfig& config() const { return config_; }
  const std::vector<ParameterShape>& shapes() const { return shapes_; }
  std::vector<Scalar>& values() { return values_; }
  const std::vector<Scalar>& values() const { return values_; }
  /// Where a tensor begins in `values`. Throws `ArgumentError` for an unknown name.
  std::size_t offset(const std::string& name) const;
  Scalar* data(const std::string& name) { return values_.data() + offset(name); }

  /// Views into this object, which must outlive them; they see later changes of the values.
  Weights<Scalar> weights() const;

 private:
  ModelConfig config_;
  std::vector<ParameterShape> shapes_;
  std::map<std::string, std::size_t> offsets_;
  std::vector<Scalar> values_;
};

/// The parameters of a model directory, converted to Scalar. Throws what `load_weights` throws.
template <class Scalar>
Parameters<Scalar> read_parameters(const std::filesystem::path& directory);

/// Adds the gradient with respect to every parameter except an output head to `gradient`.
/// Use with `tree_layouts`.
template <class Scalar>
class ParameterGradient : public GradientObserver<Scalar> {
 public:
  /// Both must outlive this object.
  ParameterGradient(const TokenBatch& batch, Parameters<Scalar>& gradient);

  bool wants(int, LinearKind) const override { return true; }
  void linear(const LinearFactors<Scalar>& factors) override;
  void norm(int layer, NormRole role, const Normalized<Scalar>& normalized, std::span<const int> at,
            const Rows<Scalar>& cotangent) override;
  void embedding(std::span<const int> at, const Rows<Scalar>& cotangent) override;

 private:
  const TokenBatch& batch_;
  Parameters<Scalar>& gradient_;
  Weights<Scalar> places_;  ///< Where each parameter's gradient lies.
};

}  // namespace sextant::model
