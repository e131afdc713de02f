#pragma once

/// Small pretrained matrices and tasks, made once for all tests of this program.

#include "sextant/studies/generators/single_index.hpp"
#include "sextant/studies/single_index/pretraining.hpp"

namespace sextant::test {

/// d = 16 as in the theory's acceptance tests: 600 prompts of 256 examples and queries.
struct SmallCase {
  studies::generators::SingleIndexFamily family;
  studies::single_index::Attention attention;
  Eigen::MatrixXd subspace;
  studies::single_index::Pretrained pretrained;

  explicit SmallCase(Eigen::Index rank, double key_gain = 0.5, std::uint64_t seed = 1) {
    family.dimension = 16;
    family.rank = rank;
    attention.key_gain = key_gain;
    Random random(seed, 1ULL << 40);
    subspace = studies::generators::draw_subspace(family, random);
    studies::single_index::PretrainingOptions options;
    options.prompts = 600;
    options.context = options.queries = 256;
    options.seed = seed;
    pretrained = studies::single_index::pretrain(family, subspace, attention, options);
  }
};

inline const SmallCase& rank_four() {
  static const SmallCase made(4);
  return made;
}

/// attn(q) in double precision, term by term.
inline double plain_attention(const studies::single_index::Attention& attention,
                              const Eigen::MatrixXd& gamma,
                              const studies::generators::LabelledInputs& context,
                              const Eigen::VectorXd& query) {
  double above = 0, below = 0;
  for (Eigen::Index j = 0; j < context.size(); ++j) {
    const double label =
        std::max(-attention.label_clip, std::min(attention.label_clip, context.y[j]));
    const double key = attention.key_offset + attention.key_gain * label;
    const double weight = std::exp(key * context.x.col(j).dot(gamma * query));
    above += weight * label;
    below += weight;
  }
  return above / below;
}

/// Samples of a task of `of`, by number.
struct DrawnTask {
  Random random;
  studies::generators::SingleIndexTask task;
  studies::generators::LabelledInputs samples;

  DrawnTask(const SmallCase& of, Eigen::Index count, std::uint64_t number,
            studies::generators::LinkFamily link = studies::generators::LinkFamily::cubic)
      : random(77, number) {
    studies::generators::SingleIndexFamily family = of.family;
    family.link = link;
    task = studies::generators::draw_single_index_task(family, of.subspace, random);
    samples = studies::generators::draw_labelled_inputs(task, count, random);
  }
};

}  // namespace sextant::test
