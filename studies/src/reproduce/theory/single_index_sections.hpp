#pragma once

/// Tables, figures and findings of the single-index experiment.

#include "single_index_cells.hpp"

namespace sextant::studies::reproduce::theory {

/// Everything measured at one dimension and the common rank, a cell for each N.
struct DimensionRuns {
  Eigen::Index dimension = 0;
  PretrainedCase labelled_keys;
  PretrainedCase plain_keys;  ///< key_gain 0, for the in-context predictor alone.
  std::vector<Cell> cells;
  std::vector<std::vector<double>> plain_in_context;  ///< Errors of each cell.
};

Eigen::Index middle_dimension(const SingleIndexOptions& options);

/// Errors against N for every dimension and method, and paired comparisons on the same tasks.
TheorySection errors_section(const SingleIndexOptions& options,
                             const std::vector<DimensionRuns>& runs);
/// Penalties and steps by evidence, by cross-validation and fixed.
TheorySection last_stage_section(const DimensionRuns& runs);
/// Other ranks at the middle dimension; runs what it reports.
TheorySection ranks_section(const SingleIndexOptions& options,
                            const std::vector<PretrainedCase>& cases, const DimensionRuns& middle);
/// Links that pretraining has not seen; runs what it reports.
TheorySection links_section(const SingleIndexOptions& options, const DimensionRuns& middle);

}  // namespace sextant::studies::reproduce::theory
