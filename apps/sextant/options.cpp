#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "program/help.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::apps {
namespace {

constexpr std::size_t max_candidates = 10'000'000;

std::int64_t parse_integer(std::string_view text, std::string_view option) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
      value > advice::largest_horizon) {
    throw UsageError(fmt::format("{}: \"{}\" is not an integer from 0 to {}", option, text,
                                 advice::largest_horizon));
  }
  return value;
}

double parse_number(const std::string& text, std::string_view option, std::string_view words) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    throw UsageError(fmt::format("{}: \"{}\" is not {} or a number", option, text, words));
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto found = text.find(separator);
    parts.push_back(text.substr(0, found));
    if (found == std::string_view::npos) return parts;
    text.remove_prefix(found + 1);
  }
}

/// Throws `UsageError` for a variance by which residuals cannot be divided.
void check_variance(double value, std::string_view option) {
  constexpr double least = 1e-100;
  constexpr double most = 1e100;
  if (value != 0 && !(value >= least && value <= most)) {
    throw UsageError(fmt::format(
        "{}: {:g} is outside {:g} to {:g}: what is divided by it, or multiplied, leaves "
        "the range of a 64-bit number",
        option, value, least, most));
  }
}

evidence::Sigma2Choice parse_sigma(const std::string& text) {
  if (text.empty() || text == "plug-in") return {evidence::Sigma2Rule::plug_in, 0};
  if (text == "profile") return {evidence::Sigma2Rule::profile, 0};
  const double value = parse_number(text, "--sigma", "plug-in, profile");
  if (!(value > 0)) throw UsageError(fmt::format("--sigma: {} is not above 0", value));
  check_variance(value, "--sigma");
  return {evidence::Sigma2Rule::fixed, value};
}

std::optional<double> parse_prior_scale(const std::string& text) {
  if (text == "fit") return std::nullopt;
  const double value = parse_number(text, "--prior-scale", "fit");
  if (value < 0) throw UsageError(fmt::format("--prior-scale: {} is below 0", value));
  check_variance(value, "--prior-scale");
  return value;
}

}  // namespace

void add_source_options(CLI::App& command, SourceOptions& options, bool allow_geometry) {
  in_group(command, input_group, [&] {
    if (allow_geometry) {
      command.add_option("--geometry", options.geometry,
                         "Geometry file (.safetensors); - for standard input");
    }
    command.add_option("--model", options.model, "Model directory (Hugging Face layout)");
    command.add_option("--prompt", options.prompt, "Prompt file (.json); - for standard input");
    command.add_option("--csv", options.csv,
                       "In place of a prompt, for a model of rows: a table whose labelled rows are "
                       "the examples, the others queries; - for standard input");
    add_table_options(command, options.table);
    command.add_option(
        "--query-csv", options.query_csv,
        "Rows to predict, with the columns of --csv; labels, if any, are targets; - for "
        "standard input");
    command.add_option(
        "--head", options.head,
        "Linear head of an encoder; default: head.safetensors in the model directory");
    command
        .add_option(
            "--blocks-kind", options.kinds,
            "Kinds of blocks: query, key, value, output, mlp-in, mlp-gate (of gated MLPs), mlp-out "
            "(repeatable); a geometry file is filtered only when this is given")
        ->allow_extra_args(false)
        ->default_str("value")
        ->group(which_group);
    command
        .add_option("--layers", options.layers, "Layers that hold blocks, from 0, such as 2-5 or 3")
        ->group(which_group);
    command
        .add_option("--features", options.features,
                    "exact: gradients over all tokens; tokenwise: the supervised token alone")
        ->capture_default_str();
    command.add_option(
        "--block-scales", options.block_scales,
        "JSON file {\"h.0.attn.v.1\": 4, ...}: prior variances of blocks' parameters "
        "and preconditioner of the update, 1e-9 to 1e9, 1 for the rest");
    command.add_option("--query", options.query,
                       "Only this query, 0 to m - 1; of a table this row of those to predict");
  });
}

void check_source(const SourceOptions& options) {
  if (!options.geometry.empty()) {
    if (!options.model.empty() || !options.prompt.empty() || !options.csv.empty() ||
        !options.head.empty()) {
      throw UsageError("--geometry stands alone: leave out --model, --prompt, --csv and --head");
    }
    if (options.table.any() || !options.query_csv.empty()) {
      throw UsageError(
          "--label, --categorical, --delimiter, --header and --query-csv go with --csv, and "
          "--geometry stands alone");
    }
    if (options.features != "exact") {
      throw UsageError("--features: a geometry file holds the features that it was made from");
    }
    return;
  }
  if (options.model.empty() || options.prompt.empty() == options.csv.empty()) {
    throw UsageError(
        "needs --model DIR and either --prompt FILE or --csv FILE, or --geometry FILE where it is "
        "taken");
  }
  if (options.csv.empty() && (options.table.any() || !options.query_csv.empty())) {
    throw UsageError("--label, --categorical, --delimiter, --header and --query-csv go with --csv");
  }
}

model::CaptureOptions capture_options(const SourceOptions& options) {
  model::CaptureOptions capture;
  capture.kinds.clear();
  if (options.kinds.empty()) capture.kinds.push_back(model::LinearKind::value);
  for (const std::string& name : options.kinds) {
    const auto kind = model::block_kind_from_name(name);
    if (!kind) {
      throw UsageError(fmt::format(
          "--blocks-kind: \"{}\" is none of query, key, value, output, mlp-in, mlp-gate, mlp-out",
          name));
    }
    if (std::find(capture.kinds.begin(), capture.kinds.end(), *kind) == capture.kinds.end()) {
      capture.kinds.push_back(*kind);
    }
  }
  if (!options.layers.empty()) {
    std::tie(capture.first_layer, capture.last_layer) = parse_layers(options.layers);
  }
  if (options.features == "tokenwise") {
    capture.features = model::Features::tokenwise;
  } else if (options.features != "exact") {
    throw UsageError(
        fmt::format("--features: \"{}\" is neither exact nor tokenwise", options.features));
  }
  return capture;
}

ttt::PromptModelFiles prompt_files(const SourceOptions& options) {
  ttt::PromptModelFiles files;
  files.model = options.model;
  files.prompt = options.prompt;
  if (!options.csv.empty()) {
    files.table.emplace();
    files.table->examples = options.csv;
    files.table->queries = options.query_csv;
    files.table->columns = table_columns(options.table);
    files.table->format = table_format(options.table);
  }
  if (!options.head.empty()) files.head = options.head;
  files.query = options.query;
  return files;
}

std::vector<NamedPath> input_files(const SourceOptions& options) {
  return {{"--geometry", options.geometry}, {"--prompt", options.prompt},
          {"--csv", options.csv},           {"--query-csv", options.query_csv},
          {"--head", options.head},         {"--block-scales", options.block_scales}};
}

void add_horizon_options(CLI::App& command, StatisticOptions& options) {
  in_group(command, how_far_group, [&] {
    command
        .add_option("--horizons", options.horizons,
                    "Candidates for the number of steps T, 0 to 2147483647: 0:30, or 0,1,2,4,8, or "
                    "a mixture")
        ->capture_default_str();
    auto* scale = command.add_option("--step-scale", options.step_scale,
                                     "c of rho = c / lambda_max, 0 < c < 1 (default 0.1)");
    command
        .add_option("--rho", options.rho,
                    "Learning rate for half the sum of squared residuals, 0 < rho < 1 / lambda_max")
        ->excludes(scale);
    command.add_option("--sigma", options.sigma,
                       "Observation variance: plug-in (default), profile, or a value above 0");
    command.add_option("--prior-scale", options.prior_scale, "tau2: fit, or a value of 0 or more")
        ->capture_default_str();
    command
        .add_option("--delta", options.delta,
                    "The certificate holds with probability 1 - delta, 0 < delta < 1")
        ->default_str(fmt::format("{}", advice::HorizonOptions().delta));
  });
}

void add_score_options(CLI::App& command, StatisticOptions& options) {
  in_group(command, which_group, [&] {
    command.add_option(
        "--method", options.method,
        "query-aware, trace, trace-bottom, greedy-correction, risk (default), random");
    command.add_option(
        "--budget", options.budget,
        "Blocks to choose, 1 to all; default: risk stops by itself, others take all");
    command.add_flag("--per-parameter", options.per_parameter, "Rank by score per parameter");
    command
        .add_option("--horizon", options.horizon,
                    "T to plan for and to take: auto (T_MAP), or a number from 0 to 2147483647")
        ->capture_default_str()
        ->group(how_far_group);
  });
}

std::vector<std::int64_t> parse_horizons(const std::string& text) {
  std::vector<std::int64_t> horizons;
  for (const std::string_view part : split(text, ',')) {
    const auto ends = split(part, ':');
    if (ends.size() > 2) {
      throw UsageError(fmt::format("--horizons: \"{}\" is neither a number nor a range a:b", part));
    }
    const std::int64_t first = parse_integer(ends.front(), "--horizons");
    const std::int64_t last = parse_integer(ends.back(), "--horizons");
    if (last < first) {
      throw UsageError(fmt::format("--horizons: the range {} runs backwards", part));
    }
    if (static_cast<std::size_t>(last - first) >= max_candidates - horizons.size()) {
      throw UsageError(fmt::format("--horizons: more than {} candidates", max_candidates));
    }
    for (std::int64_t t = first; t <= last; ++t) horizons.push_back(t);
  }
  std::sort(horizons.begin(), horizons.end());
  horizons.erase(std::unique(horizons.begin(), horizons.end()), horizons.end());
  return horizons;
}

std::pair<int, int> parse_layers(const std::string& text) {
  const auto ends = split(text, '-');
  if (ends.size() > 2) {
    throw UsageError(fmt::format("--layers: \"{}\" is neither a layer nor a range a-b", text));
  }
  const auto first = static_cast<int>(parse_integer(ends.front(), "--layers"));
  const auto last = static_cast<int>(parse_integer(ends.back(), "--layers"));
  if (last < first) throw UsageError(fmt::format("--layers: the range {} runs backwards", text));
  return {first, last};
}

advice::HorizonOptions select_options(const StatisticOptions& options) {
  advice::HorizonOptions result;
  result.horizons = parse_horizons(options.horizons);
  if (options.step_scale) result.step.scale = *options.step_scale;
  result.step.rho = options.rho;
  result.sigma2 = parse_sigma(options.sigma);
  result.tau2 = parse_prior_scale(options.prior_scale);
  if (options.delta) result.delta = *options.delta;
  return result;
}

advice::BlockRankingOptions score_options(const StatisticOptions& options, std::uint64_t seed) {
  advice::BlockRankingOptions result;
  if (!options.method.empty()) {
    try {
      result.method = subspace::method_from_name(options.method);
    } catch (const ArgumentError& error) {
      throw UsageError(fmt::format("--method: {} {}", error.argument(), error.problem()));
    }
  }
  if (options.budget) result.budget = *options.budget;
  result.per_parameter = options.per_parameter;
  if (result.per_parameter && result.method == subspace::Method::random) {
    throw UsageError("--per-parameter: random order has no scores");
  }
  if (options.horizon != "auto") result.horizon = parse_integer(options.horizon, "--horizon");
  result.seed = seed;
  result.horizon_options = select_options(options);
  return result;
}

std::vector<std::string> parse_names(const std::string& text, const std::string& option) {
  std::vector<std::string> names;
  for (const std::string_view part : split(text, ',')) {
    if (part.empty()) throw UsageError(fmt::format("{}: has an empty name", option));
    names.emplace_back(part);
  }
  return names;
}

}  // namespace sextant::apps
