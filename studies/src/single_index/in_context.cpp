#include "sextant/studies/single_index/in_context.hpp"

#include <cmath>

#include "checks.hpp"
#include "sextant/core/threads.hpp"

namespace sextant::studies::single_index {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

InContextPredictor::InContextPredictor(const generators::SingleIndexFamily& family,
                                       const Eigen::Ref<const MatrixXd>& subspace,
                                       const Attention& attention,
                                       const Eigen::Ref<const MatrixXd>& gamma, Index context,
                                       const InContextOptions& options)
    : attention_(attention), gamma_(options.scale * gamma) {
  constexpr std::string_view here = "InContextPredictor";
  check_count(here, "context", context, 1, 1'000'000);
  check_count(here, "tasks", options.tasks, 1, 1'000'000);
  check_count(here, "queries", options.queries, 1, 1'000'000);
  check_positive(here, "scale", options.scale);
  VectorXd values(options.tasks * options.queries);
  VectorXd labels(values.size());
  parallel_for(options.tasks, [&](std::ptrdiff_t i) {
    Random random(options.seed, static_cast<std::uint64_t>(i));
    const auto task = generators::draw_single_index_task(family, subspace, random);
    const auto examples = generators::draw_labelled_inputs(task, context, random);
    const auto queries = generators::draw_labelled_inputs(task, options.queries, random);
    values.segment(i * options.queries, options.queries) =
        attention_values(attention_, gamma_, examples, queries.x);
    labels.segment(i * options.queries, options.queries) = queries.y;
  });
  const double deviation = std::sqrt((values.array() - values.mean()).square().mean());
  factor_ = deviation > 0 ? options.offset_range / (3 * deviation) : 1;
  Random random(options.seed, static_cast<std::uint64_t>(options.tasks));
  const ReluRegression regression(draw_units(options.units, options.offset_range, random),
                                  factor_ * values, labels);
  readout_ = regression.ridge(regression.gcv_penalty(default_relative_penalties()));
}

VectorXd InContextPredictor::predict(const generators::LabelledInputs& context,
                                     const Eigen::Ref<const MatrixXd>& queries) const {
  return readout_.values(factor_ * attention_values(attention_, gamma_, context, queries));
}

}  // namespace sextant::studies::single_index
