#pragma once

/// Command-line options that several commands share, and what they mean to the library.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "program/output.hpp"
#include "sextant/advice/rank_blocks.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/ttt/load.hpp"
#include "table_source.hpp"

namespace sextant::apps {

/// Where the geometry comes from: a file, or a model with a prompt.
struct SourceOptions {
  std::string geometry;
  std::string model;
  std::string prompt;
  std::string csv;  ///< A table in place of a prompt.
  std::string query_csv;
  TableOptions table;  ///< Of both.
  std::string head;
  std::vector<std::string> kinds;  ///< Empty: value, or all that a geometry file holds.
  std::string layers;
  std::string features = "exact";
  std::string block_scales;  ///< File; empty: 1 for all.
  std::optional<int> query;

  bool from_model() const { return !model.empty(); }
};

/// Adds --model, --prompt, --csv with `TableOptions` and --query-csv, --head,
/// --blocks-kind, --layers, --features, --block-scales, --query and, where `allow_geometry`,
/// --geometry.
void add_source_options(CLI::App& command, SourceOptions& options, bool allow_geometry);
/// Throws `UsageError` unless the options name exactly one source.
void check_source(const SourceOptions& options);
/// Throws `UsageError` for an unknown kind, feature or layer range.
model::CaptureOptions capture_options(const SourceOptions& options);
ttt::PromptModelFiles prompt_files(const SourceOptions& options);
/// The files that a source is read from.
std::vector<NamedPath> input_files(const SourceOptions& options);

/// How far and which directions.
struct StatisticOptions {
  std::string horizons = "0:30";
  std::optional<double> step_scale;
  std::optional<double> rho;
  std::string sigma;
  std::string prior_scale = "fit";
  std::optional<double> delta;
  std::string method;
  std::optional<long> budget;
  bool per_parameter = false;
  std::string horizon = "auto";
};

/// Adds --horizons, --step-scale, --rho, --sigma, --prior-scale and --delta.
void add_horizon_options(CLI::App& command, StatisticOptions& options);
/// Adds --method, --budget, --per-parameter and --horizon.
void add_score_options(CLI::App& command, StatisticOptions& options);

/// "0:30" (inclusive), "0,1,2,4,8", or a mixture. Throws `UsageError`.
std::vector<std::int64_t> parse_horizons(const std::string& text);
/// "2-5" or "3". Throws `UsageError`.
std::pair<int, int> parse_layers(const std::string& text);

advice::HorizonOptions select_options(const StatisticOptions& options);
advice::BlockRankingOptions score_options(const StatisticOptions& options, std::uint64_t seed);

/// Splits "a,b,c"; no empty names. Throws `UsageError`.
std::vector<std::string> parse_names(const std::string& text, const std::string& option);

}  // namespace sextant::apps
