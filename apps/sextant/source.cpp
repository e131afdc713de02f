#include "source.hpp"

#include <fmt/format.h>

#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/version.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/file.hpp"

namespace sextant::apps {

Source open_source(const SourceOptions& options) {
  check_source(options);
  Source source;
  if (options.from_model()) {
    const model::CaptureOptions capture = capture_options(options);
    source.model.emplace(ttt::load_prompt_model(prompt_files(options)));
    source.geometry = source.model->capture(capture);
    source.description = fmt::format("{} with {}", options.model, options.prompt);
    return source;
  }
  source.geometry = geometry::read_geometry(options.geometry);
  source.description = options.geometry;
  if (options.query) {
    if (*options.query < 0 || *options.query >= source.geometry.queries()) {
      throw UsageError(fmt::format("--query: {} is outside the {} queries of {} (from 0)",
                                   *options.query, source.geometry.queries(), options.geometry));
    }
    const Eigen::Index only = *options.query;
    source.geometry = geometry::restricted_to_queries(source.geometry, std::span(&only, 1));
  }
  return source;
}

report::Heading heading(const std::string& title, const Source& source, std::uint64_t seed) {
  report::Heading heading;
  heading.title = title;
  heading.subtitle = source.description;
  heading.provenance.command = command_line();
  heading.provenance.version = version();
  heading.provenance.details = {{"seed", std::to_string(seed)},
                                {"examples", std::to_string(source.geometry.examples())},
                                {"queries", std::to_string(source.geometry.queries())},
                                {"blocks", std::to_string(source.geometry.block_count())}};
  return heading;
}

}  // namespace sextant::apps
