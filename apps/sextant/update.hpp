#pragma once

/// The update that `advise` and `adapt` make.

#include <CLI/CLI.hpp>
#include <string>

#include "sextant/advice/plan.hpp"
#include "sextant/ttt/driver.hpp"

namespace sextant::apps {

struct UpdateOptions {
  std::string solver = "steps";
  std::string out_model;
};

/// Adds --solver and --out-model.
void add_update_options(CLI::App& command, UpdateOptions& options);
/// Throws `UsageError` for an unknown solver, `InputError` when the target directory is taken.
void check_update(const UpdateOptions& options);

/// Makes the planned update on the model, or none unless `wanted`, and writes the adapted model
/// where asked for.
ttt::AdaptedModel make_update(const ttt::PromptModel& model,
                              const geometry::PromptGeometry& geometry, const advice::Plan& plan,
                              bool wanted, const UpdateOptions& options,
                              const std::string& model_directory, bool quiet);

}  // namespace sextant::apps
