#include "sextant/subspace/greedy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/spectral/largest_eigenvalue.hpp"

namespace sextant::subspace {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// What to optimise: a function of a set's summed kernel and couplings.
struct Criterion {
  std::function<double(const MatrixXd& kernel, const MatrixXd& couplings)> evaluate;
  double sign = 1;  ///< 1: larger is better; -1: smaller is.
  double of_none = 0;
  double least_improvement = 0;  ///< Below it the selection stops, unless there is a budget.
  bool stops_by_itself = false;
};

void check_greedy_options(std::string_view function, const geometry::BlockMatrices& blocks,
                          const GreedyOptions& options) {
  const Index count = blocks.count();
  if (options.budget && (*options.budget < 1 || *options.budget > count)) {
    throw ArgumentError(function, "budget",
                        fmt::format("is {}, expected between 1 and the number of blocks, {}",
                                    *options.budget, count));
  }
  if (options.update.horizon < 0) {
    throw ArgumentError(function, "horizon",
                        fmt::format("is {}, expected 0 or more", options.update.horizon));
  }
  if (!options.parameters.empty()) {
    check_size(function, "parameters", options.parameters.size(), blocks.kernels.size());
    for (std::size_t b = 0; b < options.parameters.size(); ++b) {
      if (options.parameters[b] < 1) {
        throw ArgumentError(
            function, "parameters",
            fmt::format("[{}] is {}, expected at least 1", b, options.parameters[b]));
      }
    }
  }
  // Subsets have smaller eigenvalues, so a rho that suits all blocks suits every candidate.
  options.update.step.for_kernel(
      spectral::largest_eigenvalue(geometry::summed_kernel(blocks)).value);
}

class Selection {
 public:
  Selection(const geometry::BlockMatrices& blocks, Criterion criterion,
            const GreedyOptions& options)
      : blocks_(blocks),
        criterion_(std::move(criterion)),
        options_(options),
        kernel_(MatrixXd::Zero(blocks.examples(), blocks.examples())),
        couplings_(MatrixXd::Zero(blocks.examples(), blocks.queries())) {
    for (Index b = 0; b < blocks.count(); ++b) left_.push_back(b);
    result_.criterion_of_none = criterion_.of_none;
  }

  GreedySelection run() {
    double current = criterion_.of_none;
    const Index limit = options_.budget.value_or(blocks_.count());
    while (static_cast<Index>(result_.order.size()) < limit) {
      const std::vector<double> values = evaluate_candidates();
      const std::size_t best = choose(values, current);
      const double improvement = criterion_.sign * (values[best] - current);
      if (!options_.budget && criterion_.stops_by_itself &&
          !(improvement > criterion_.least_improvement)) {
        result_.stop = StopReason::no_improvement;
        return std::move(result_);
      }
      current = values[best];
      add(best, current);
    }
    result_.stop = options_.budget ? StopReason::budget_reached : StopReason::all_chosen;
    return std::move(result_);
  }

 private:
  std::vector<double> evaluate_candidates() {
    std::vector<double> values(left_.size());
    parallel_for(static_cast<std::ptrdiff_t>(left_.size()), [&](std::ptrdiff_t i) {
      const Index b = left_[i];
      const MatrixXd kernel = kernel_ + blocks_.kernels[b];
      MatrixXd couplings = couplings_;
      geometry::add_couplings(blocks_, b, couplings);
      values[i] = criterion_.evaluate(kernel, couplings);
      if (!std::isfinite(values[i])) {
        throw NumericalError(
            fmt::format("greedy selection: the criterion is {} after adding block {} to {} others",
                        values[i], b, result_.order.size()));
      }
    });
    result_.evaluations += static_cast<std::int64_t>(values.size());
    if (result_.order.empty()) {
      result_.alone = Eigen::Map<const VectorXd>(values.data(), blocks_.count());
    }
    return values;
  }

  /// The position in `left_` of the best candidate; the first one, that is the smallest index, of
  /// several.
  std::size_t choose(const std::vector<double>& values, double current) const {
    std::size_t best = 0;
    double best_key = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      double key = criterion_.sign * values[i];
      if (!options_.parameters.empty()) {
        key -= criterion_.sign * current;
        if (key > 0) key /= static_cast<double>(options_.parameters[left_[i]]);
      }
      if (i == 0 || key > best_key) {
        best = i;
        best_key = key;
      }
    }
    return best;
  }

  void add(std::size_t position, double value) {
    const Index b = left_[position];
    kernel_ += blocks_.kernels[b];
    geometry::add_couplings(blocks_, b, couplings_);
    left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(position));
    result_.order.push_back(b);
    result_.criterion.push_back(value);
  }

  const geometry::BlockMatrices& blocks_;
  Criterion criterion_;
  const GreedyOptions& options_;
  MatrixXd kernel_;
  MatrixXd couplings_;
  std::vector<Index> left_;
  GreedySelection result_;
};

PlannedUpdate resolved(const PlannedUpdate& update, Index examples, Index columns) {
  PlannedUpdate result = update;
  if (result.method == UpdateMethod::automatic) {
    result.method = cheapest_method(examples, columns, result.horizon);
  }
  return result;
}

}  // namespace

std::string_view describe(StopReason reason) {
  switch (reason) {
    case StopReason::budget_reached:
      return "budget reached";
    case StopReason::no_improvement:
      return "no further block lowers the expected error";
    case StopReason::all_chosen:
      break;
  }
  return "all blocks are chosen";
}

GreedySelection select_by_risk(const geometry::BlockMatrices& blocks,
                               const spectral::Benchmark& model, const GreedyOptions& options) {
  const UpdateRisk risk(blocks, model);
  check_greedy_options("select_by_risk", blocks, options);
  const PlannedUpdate update = resolved(options.update, blocks.examples(), blocks.queries());
  Criterion criterion;
  criterion.evaluate = [&](const MatrixXd& kernel, const MatrixXd& couplings) {
    return risk.of(update_weights(kernel, couplings, update).weights);
  };
  criterion.sign = -1;
  criterion.of_none = risk.no_update();
  criterion.least_improvement = risk_improvement * risk.no_update();
  criterion.stops_by_itself = true;
  GreedySelection result = Selection(blocks, std::move(criterion), options).run();
  result.method = update.method;
  return result;
}

GreedySelection select_by_correction(const geometry::BlockMatrices& blocks,
                                     const Eigen::Ref<const VectorXd>& residuals,
                                     const GreedyOptions& options) {
  geometry::check_blocks("select_by_correction", blocks);
  check_size("select_by_correction", "residuals", residuals.size(), blocks.examples());
  check_finite("select_by_correction", "residuals",
               {residuals.data(), static_cast<std::size_t>(residuals.size())});
  check_greedy_options("select_by_correction", blocks, options);
  const PlannedUpdate update = resolved(options.update, blocks.examples(), 1);
  Criterion criterion;
  criterion.evaluate = [&](const MatrixXd& kernel, const MatrixXd& couplings) {
    const VectorXd weights = update_weights(kernel, residuals, update).weights;
    return (couplings.transpose() * weights).squaredNorm() / static_cast<double>(couplings.cols());
  };
  GreedySelection result = Selection(blocks, std::move(criterion), options).run();
  result.method = update.method;
  return result;
}

}  // namespace sextant::subspace
