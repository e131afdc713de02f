#pragma once

/// The in-context predictor: the same attention matrix with a fixed readout of the attention value,
/// fitted on pretraining tasks. Nothing is trained at test time (theory Sec. 5 of the single-index
/// note).

#include <Eigen/Core>
#include <cstdint>

#include "sextant/studies/single_index/pretraining.hpp"
#include "sextant/studies/single_index/relu_readout.hpp"

namespace sextant::studies::single_index {

struct InContextOptions {
  Eigen::Index tasks = 200;    ///< Pretraining tasks for the readout, at least 1.
  Eigen::Index queries = 512;  ///< Labelled queries of each, at least 1.
  Eigen::Index units = 256;    ///< At least 1.
  double offset_range = 4;     ///< C, positive; attention values are scaled to 4/3 deviations.
  double scale = 1;            ///< Gamma is multiplied by this; positive.
  std::uint64_t seed = 1;
};

class InContextPredictor {
 public:
  /// Fits the readout for contexts of `context` examples, penalty by GCV. Throws `ArgumentError`
  /// for sizes below 1 and options out of range. O(tasks queries (context d + units^2)).
  InContextPredictor(const generators::SingleIndexFamily& family,
                     const Eigen::Ref<const Eigen::MatrixXd>& subspace, const Attention& attention,
                     const Eigen::Ref<const Eigen::MatrixXd>& gamma, Eigen::Index context,
                     const InContextOptions& options);

  /// One prediction for each column of `queries` [d, q].
  Eigen::VectorXd predict(const generators::LabelledInputs& context,
                          const Eigen::Ref<const Eigen::MatrixXd>& queries) const;

 private:
  Attention attention_;
  Eigen::MatrixXd gamma_;  // scaled
  double factor_ = 1;      // of attention values
  ReluReadout readout_;
};

}  // namespace sextant::studies::single_index
