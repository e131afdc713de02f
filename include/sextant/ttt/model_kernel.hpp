#pragma once

/// Kernels of a model as products, for prompts whose n x n kernels or gradients would not fit:
/// K v = J (J' v) takes one reverse and one forward-mode pass over the examples, and nothing of the
/// size n x n or n x p is made (theory Sec. 1).

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/model/tangent.hpp"
#include "sextant/spectral/kernel_operator.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::ttt {

/// What a `ModelJacobian` may hold.
struct JacobianMemory {
  /// Sequences are run in pieces of about so many tokens; those of a common prefix count once.
  std::size_t tokens_per_piece = 1 << 14;
  /// Activations of all pieces are kept between products up to so many bytes, and otherwise made
  /// again for each, which takes another forward pass.
  std::size_t kept_bytes = std::size_t{2} << 30;
};

/// The gradients J [N, p] of N sequences' predictions at the base weights, with respect to the
/// parameters of chosen blocks. Products are exact up to single precision; deterministic, whatever
/// the number of threads.
class ModelJacobian {
 public:
  /// `sequences` are tokens as in `task::EncodedPrompt`, at least one; `blocks` names, at least
  /// one. Refers to `model`, which must outlive it. Throws `ArgumentError` for an unknown or
  /// repeated block. Cost: one forward pass.
  ModelJacobian(const PromptModel& model, std::span<const std::vector<int>> sequences,
                const std::vector<std::string>& blocks, const JacobianMemory& memory = {});

  Eigen::Index size() const { return predictions_.size(); }            ///< N
  const Eigen::VectorXd& predictions() const { return predictions_; }  ///< s [N]
  const std::vector<model::ModelBlock>& blocks() const { return blocks_; }

  // All of these throw `ArgumentError` for sizes that do not fit; coefficients must be finite.

  /// Sigma J' c for coefficients c [N], Sigma the blocks' scales. Cost: one reverse pass.
  model::WeightMatrices<float> pull_back(
      const Eigen::Ref<const Eigen::VectorXd>& coefficients) const;
  /// J u [N]. Cost: about two forward passes.
  Eigen::VectorXd push_forward(const model::WeightMatrices<float>& directions) const;
  /// u_b' Sigma_b^-1 u_b for each of the blocks [B]: of u = Sigma j its share of j' Sigma j.
  Eigen::VectorXd squared_norms(const model::WeightMatrices<float>& directions) const;
  /// u with everything outside block `b` set to 0.
  model::WeightMatrices<float> restricted(const model::WeightMatrices<float>& directions,
                                          std::size_t b) const;

 private:
  struct Piece {
    Eigen::Index first = 0;  ///< Its first sequence.
    model::TokenBatch batch = {};
    model::AttentionLayouts layouts = {};
    model::LayerInput<float> input = {};
    model::Rows<float> readout_gradients = {};  ///< One row for each sequence's outputs, in order.
    std::optional<model::Activations<float>> kept = {};
  };
  /// The matrix of `directions` that holds block `b`; throws `ArgumentError` where there is none.
  const model::Rows<float>& matrix_of(std::string_view function,
                                      const model::WeightMatrices<float>& directions,
                                      std::size_t b) const;
  /// Calls `use(activations)` with those that are kept, or made for the call.
  template <class Use>
  void with_activations(const Piece& piece, const Use& use) const;

  const PromptModel& model_;
  std::vector<model::ModelBlock> blocks_;
  model::BlockGradient<float> zero_;
  std::vector<Piece> pieces_;
  Eigen::VectorXd predictions_;
};

/// The summed kernel of chosen blocks, K_S = J Sigma J' [n, n], without its trace.
class ModelKernel : public spectral::KernelOperator {
 public:
  /// Refers to the examples' `jacobian`, which must outlive it.
  explicit ModelKernel(const ModelJacobian& jacobian) : jacobian_(jacobian) {}
  Eigen::Index size() const override { return jacobian_.size(); }
  Eigen::MatrixXd apply(const Eigen::Ref<const Eigen::MatrixXd>& columns) const override;
  std::optional<double> trace() const override { return {}; }

 private:
  const ModelJacobian& jacobian_;
};

}  // namespace sextant::ttt
