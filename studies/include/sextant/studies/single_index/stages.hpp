#pragma once

/// The three stages of test-time training on N labelled samples of one task (theory Sec. 4 of the
/// single-index note; outline by Kuwataka and Suzuki, arXiv:2509.25741; where it leaves freedom, or
/// a literal choice failed, the choices are the note's, its Sec. 7).
///
///   weak recovery    a direction u1 with a clear overlap, from the attention as a teacher
///   strong recovery  u, by online gradient descent on the samples
///   last stage       the link, by ridge regression on <u, x>
///
/// Literal choices that work less often or not at all, and what is done here: one start of the
/// student (several, chosen by held-out error), slopes of both signs in equal shares (cycling
/// shares), fixed random output weights in the second stage (a fitted link), its correlation loss
/// (the squared loss, whose gradient noise vanishes), plain steps (the preconditioner below).
///
/// Directions are unit vectors [d] whose sign means nothing. All functions throw `ArgumentError`
/// for shapes that do not fit and options out of range, and are deterministic by `random`, the same
/// for every number of threads.

#include <Eigen/Core>
#include <vector>

#include "sextant/studies/single_index/pretraining.hpp"
#include "sextant/studies/single_index/relu_readout.hpp"

namespace sextant::studies::single_index {

struct WeakRecoveryOptions {
  Eigen::Index queries = 8192;       ///< Unlabelled synthetic inputs for the teacher.
  double start_norm = 1;             ///< |u0|, positive.
  double offset_range = 4;           ///< C of the student's units, positive.
  Eigen::Index student_units = 256;  ///< At least 1.
  int restarts = 24;  ///< At least 1. Shares of positive slopes cycle over 1, 1/2, 3/4.
};

struct WeakRecovery {
  Eigen::VectorXd direction;   ///< u1 of the best candidate.
  Eigen::VectorXd start;       ///< Its u0, normalised: in the range of gamma, with no information.
  double error = 0;            ///< Its mean squared error on held-out clipped labels, both folds.
  int restart = 0;             ///< Its number.
  Eigen::MatrixXd candidates;  ///< [d, restarts]; a column of zeros where a step was zero.
};

/// One correlation-loss step of a two-layer student from each of several starts, and the choice
/// between them by two-fold cross-validation of the link: fitted on `held_out` and tested on
/// `context`, and the other way round. The teacher is attention over `context`.
/// O(context queries d + restarts (queries d + samples m^2)).
WeakRecovery recover_weakly(const Pretrained& pretrained, const Attention& attention,
                            const generators::LabelledInputs& context,
                            const generators::LabelledInputs& held_out,
                            const WeakRecoveryOptions& options, const LinkOptions& link,
                            Random& random);

struct StrongRecoveryOptions {
  double step = 0.02;        ///< Step size at the start, positive.
  double decay = 4;          ///< step/(1 + decay t/n) at sample t; at least 0.
  Eigen::Index refit = 200;  ///< Samples between two fits of the link, at least 1.
  double gradient_clip = 5;  ///< Longer gradients are scaled to this, positive.
  double leak = 0.05;        ///< eps in the preconditioner r gamma^2 + eps I, at least 0: lets
                             ///< the direction leave a subspace that was not learned exactly.
  std::vector<Eigen::Index> record;  ///< Numbers of samples after which to keep u, 0 to n.
};

struct StrongRecovery {
  Eigen::VectorXd direction;  ///< u, averaged over the second half of the steps.
  Eigen::MatrixXd recorded;   ///< [d, |record|], u itself (not averaged).
};

/// Preconditioned online gradient descent of u on the squared loss with the link of the moment,
/// each of `samples` used once in order; the link is fitted on `link_samples` at the current u.
/// Without samples the start comes back. O(n d^2 + n/refit |link_samples| m^2).
StrongRecovery recover_strongly(const Pretrained& pretrained,
                                const Eigen::Ref<const Eigen::VectorXd>& start,
                                const generators::LabelledInputs& link_samples,
                                const generators::LabelledInputs& samples,
                                const StrongRecoveryOptions& options, const LinkOptions& link,
                                Random& random);

/// How the last stage chooses its penalty or its number of gradient steps.
enum class LastStageRule {
  evidence,          ///< Penalty lambda_star of maximum likelihood.
  cross_validation,  ///< Penalty by GCV over `default_relative_penalties`.
  fixed_penalty,     ///< `relative_penalty` lambda_max.
  benchmark_steps,   ///< The T of least expected error under the fitted variances.
  profile_steps,     ///< T_MAP of the evidence of horizons, sigma2 profiled out.
  plug_in_steps,     ///< T_MAP with sigma2 = |y|^2/n.
  fixed_steps        ///< `steps`.
};
/// Measured: the evidence of horizons is no guide here (`reproduce single-index`). T steps amount
/// to a prior that grows like exp(t l) along a mode of eigenvalue l; where the spectrum spans seven
/// decades, as that of ReLU units does, the modes that matter would need a prior of no sense along
/// the largest, so T_MAP is a few steps. Its fit of two variances does not have that problem.

struct LastStageOptions {
  Eigen::Index units = 256;  ///< m, at least 1.
  double offset_range = 4;   ///< C, positive.
  LastStageRule rule = LastStageRule::evidence;
  double relative_penalty = 1e-4;
  std::int64_t steps = 1'000'000;
  double step_scale = 0.1;  ///< c of the steps, between 0 and 1.
  bool reuse = false;       ///< All samples instead of the last share alone.
};

/// A fitted link and what was chosen for it.
struct LastStage {
  ReluReadout readout;
  double penalty = 0;      ///< 0 for steps.
  std::int64_t steps = 0;  ///< 0 for penalties.
  /// The choice is an end of its range: of the penalties tried, or of the steps (`most_steps`).
  bool at_edge = false;
};

/// Where steps end whose evidence rises for ever.
inline constexpr std::int64_t most_steps = 1'000'000'000;

/// `rule` of `options` on a regression at hand. O(m^2).
LastStage choose_last_stage(const ReluRegression& regression, const LastStageOptions& options);

struct LearnerOptions {
  Attention attention;
  LinkOptions link;
  WeakRecoveryOptions weak;
  StrongRecoveryOptions strong;
  LastStageOptions last;
  /// Shares of the N samples: teacher's context, link, descent; the last stage has the rest. Each
  /// positive, their sum below 1.
  double context_share = 0.25;
  double link_share = 0.15;
  double descent_share = 0.4;
};

/// The fewest samples that can be shared out.
inline constexpr Eigen::Index fewest_samples = 40;

/// What the three stages learned from one task.
struct Learned {
  WeakRecovery weak;
  StrongRecovery strong;
  LastStage last;
  ReluRegression regression;  ///< Of the last stage, for other rules.

  /// Predictions for the columns of `x` [d, n].
  Eigen::VectorXd predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;
};

/// All three stages in turn. `samples` at least `fewest_samples`, at most `largest_samples`.
Learned learn(const Pretrained& pretrained, const generators::LabelledInputs& samples,
              const LearnerOptions& options, Random& random);

inline constexpr Eigen::Index largest_samples = 1'000'000;

}  // namespace sextant::studies::single_index
