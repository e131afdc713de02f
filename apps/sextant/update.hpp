#pragma once

/// The update that `advise` and `adapt` make.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "sextant/advice/make_update.hpp"
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

/// Makes the planned update on the source's model as `rule` says, warns of what came of it, and
/// writes the adapted model where asked for, unless it was discarded.
advice::Update make_update(const Source& source, const advice::Plan& plan, advice::UpdateRule rule,
                           const UpdateOptions& options, const SourceOptions& files, bool quiet);

}  // namespace sextant::apps
