#pragma once

/// From source options to a geometry, and the model behind it where there is one.

#include <optional>
#include <span>
#include <string>

#include "options.hpp"
#include "sextant/report/advice_html.hpp"
#include "sextant/ttt/prompt_model.hpp"

namespace sextant::apps {

/// What messages call the prompt or table.
std::string prompt_name(const SourceOptions& options);

struct Source {
  std::optional<ttt::PromptModel> model;  ///< Empty when a geometry file was given.
  geometry::PromptGeometry geometry;
  std::string description;  ///< "models/digits-gpt2 with demo.json", for headings.

  /// Null when a geometry file was given.
  const task::EncodedPrompt* prompt() const { return model ? &model->prompt() : nullptr; }
};

/// Reads the geometry file, or loads the model and captures. A query that is asked for is the only
/// one left in the geometry. Warns of unused scales unless `quiet`.
Source open_source(const SourceOptions& options, bool quiet);

/// The model with its prompt, under the scales of --block-scales. Warns, unless `quiet`, of what
/// its files hold that is not used, and of what a table says otherwise than its author may have
/// meant. Throws as `load_prompt_model`, and `InputError` for a block in that file that the model
/// lacks.
ttt::PromptModel open_model(const SourceOptions& options, bool quiet);

/// Warns of what a capture of these blocks leaves unused, naming the file of --block-scales.
void warn_of_capture(const ttt::PromptModel& model, std::span<const geometry::Block> blocks,
                     const SourceOptions& options, bool quiet);

/// `model.capture(options)`. Throws `UsageError` for tokenwise features without a decoder.
geometry::PromptGeometry capture(const ttt::PromptModel& model,
                                 const model::CaptureOptions& options);

/// The numbers of examples, queries and blocks, for a report's heading.
std::vector<std::pair<std::string, std::string>> counts(Eigen::Index examples, Eigen::Index queries,
                                                        std::size_t blocks);

/// What stands at the top and the foot of a report on this source.
report::Heading heading(const std::string& title, const Source& source, std::uint64_t seed);

}  // namespace sextant::apps
