#pragma once

/// The update that `advise` and `adapt` make.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "sextant/advice/plan.hpp"
#include "sextant/ttt/adapt.hpp"
#include "source.hpp"

namespace sextant::apps {

struct UpdateOptions {
  std::string solver = "steps";
  std::string out_model;
  std::optional<long> rank;  ///< The best update of this rank in place of gradient steps.
};

/// Adds --solver and --out-model.
void add_update_options(CLI::App& command, UpdateOptions& options);
/// Throws `UsageError` for an unknown solver, `InputError` when the target directory is taken.
void check_update(const UpdateOptions& options);

enum class Wanted { nothing, advised, anyway };

/// Makes the planned update on the source's model, or none, and writes the adapted model where
/// asked for. Of an advised update, one that is not kept (`Adaptation::is_kept`) is not written.
/// `step` sizes the steps where the plan was made from tokenwise features.
ttt::AdaptedModel make_update(const Source& source, const advice::Plan& plan, Wanted wanted,
                              const UpdateOptions& options, const SourceOptions& files,
                              const subspace::StepRule& step, bool quiet);

}  // namespace sextant::apps
