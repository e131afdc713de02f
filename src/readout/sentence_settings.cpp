#include "sextant/readout/sentence_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"

namespace sextant::readout {
namespace fs = std::filesystem;
namespace {

constexpr const char* modules_name = "modules.json";
constexpr const char* settings_name = "sentence_bert_config.json";
constexpr std::string_view supported =
    "expected mean or cls pooling, with or without Normalize after it";

/// One stage of the encoder: "Pooling" in the folder "1_Pooling".
struct Stage {
  std::string kind;
  fs::path folder;
  std::string place;       ///< For messages: "modules.json: module 1".
  bool is_listed = false;  ///< In modules.json, and not found by its folder.
};

fs::path without_separator(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

/// The path of a stage, "" or the name of a folder in the directory.
std::string folder_name(const io::JsonObject& module) {
  std::string name = module.string("path");
  while (name.ends_with("/")) name.pop_back();
  if (fs::path(name).filename() != fs::path(name) || name == "..") {
    throw InputError(module.file(), module.place("path"),
                     fmt::format("is \"{}\", expected a folder in the same directory", name));
  }
  return name;
}

/// A class by its last name: sentence_transformers.models.Pooling is "Pooling".
std::vector<Stage> stages_of_file(const fs::path& directory) {
  const std::string file = (directory / modules_name).string();
  const io::Json json = io::parse_json(io::read_file(file), file);
  if (!json.is_array()) {
    throw InputError(file, "", fmt::format("is a JSON {}, expected a list", json.type_name()));
  }
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const io::JsonObject module(json[i], file, fmt::format("[{}]", i));
    const std::string type = module.string("type");
    stages.push_back({type.substr(type.find_last_of('.') + 1), directory / folder_name(module),
                      fmt::format("{}: module {}", file, i), true});
  }
  return stages;
}

/// Folders named by number and kind, in the order of the numbers.
std::vector<Stage> stages_of_folders(const fs::path& directory) {
  std::map<int, Stage> stages;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    constexpr std::size_t most_digits = 3;
    if (digits == 0 || digits > most_digits || !entry.is_directory() || name[digits] != '_') {
      continue;
    }
    stages[std::stoi(name.substr(0, digits))] = {name.substr(digits + 1), entry.path(),
                                                 entry.path().string(), false};
  }
  std::vector<Stage> result;
  for (auto& [number, stage] : stages) result.push_back(std::move(stage));
  return result;
}

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
  throw InputError(file, "", fmt::format("{}, which is not supported: {}", what, supported));
}

/// The names of the poolings that a Pooling stage's config.json turns on; mean where it is silent.
std::vector<std::string> pooling_modes(const io::JsonObject& config) {
  if (config.has("pooling_mode")) {
    if (config.at("pooling_mode").is_array()) return config.strings("pooling_mode");
    return {config.string("pooling_mode")};
  }
  static const std::vector<std::pair<std::string, std::string>> flags{
      {"pooling_mode_cls_token", "cls"},
      {"pooling_mode_max_tokens", "max"},
      {"pooling_mode_mean_tokens", "mean"},
      {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
      {"pooling_mode_weightedmean_tokens", "weightedmean"},
      {"pooling_mode_lasttoken", "lasttoken"}};
  std::vector<std::string> modes;
  for (const auto& [key, mode] : flags) {
    if (config.has(key) && config.boolean(key)) modes.push_back(mode);
  }
  // Flags that are not known could be other poolings.
  for (const auto& [key, value] : config.value().items()) {
    const std::string& name = key;  // Clang 14 captures no binding
    const bool known =
        std::ranges::any_of(flags, [&](const auto& flag) { return flag.first == name; });
    if (!known && key.starts_with("pooling_mode") && value != false) modes.push_back(key);
  }
  const bool names_mean = config.has("pooling_mode_mean_tokens");
  if (modes.empty() && !names_mean) modes.emplace_back("mean");
  return modes;
}

/// Whether versions of sentence-transformers disagree on a stage with one flag on, which is not the
/// mean's: where there is none for the mean, 5.3 joins the two poolings, and 6.2 takes the flag's.
bool leaves_mean_open(const io::JsonObject& config) {
  return !config.has("pooling_mode") && !config.has("pooling_mode_mean_tokens");
}

PoolingMode read_pooling(const Stage& stage, std::vector<std::string>& notes) {
  const std::string file = (stage.folder / "config.json").string();
  if (!fs::exists(file)) {
    throw InputError(
        file, "",
        fmt::format("is missing: it says how the vectors of tokens are pooled, and {}",
                    stage.is_listed ? "modules.json names its folder; get that file too"
                                    : "its folder is there; get that file too, or remove the "
                                      "folder where the mean is meant"));
  }
  const io::Json json = io::parse_json(io::read_file(file), file);
  const io::JsonObject config(json, file);
  const std::vector<std::string> modes = pooling_modes(config);
  if (modes.empty()) refuse(file, "turns off every pooling");
  if (modes.size() > 1)
    refuse(file, fmt::format("asks for several poolings ({})", fmt::join(modes, ", ")));
  if (modes.front() == "mean") return PoolingMode::mean;
  if (modes.front() == "cls") {
    if (leaves_mean_open(config)) {
      notes.push_back(
          fmt::format("{}: has no pooling_mode_mean_tokens beside pooling_mode_cls_token: read as "
                      "cls alone, as "
                      "sentence-transformers 6 does; version 5 would join cls and mean",
                      file));
    }
    return PoolingMode::cls;
  }
  refuse(file, fmt::format("asks for the pooling \"{}\"", modes.front()));
}

void check_normalize(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  if (!fs::exists(file)) return;
  const io::Json json = io::parse_json(io::read_file(file), file.string());
  const io::JsonObject config(json, file.string());
  for (const std::string_view key : {"module_input_name", "module_output_name"}) {
    if (!config.has(key) || config.at(key).is_null()) continue;
    if (config.string(key) != "sentence_embedding") {
      refuse(file.string(), fmt::format("normalises \"{}\"", config.string(key)));
    }
  }
}

/// A word where the stage says another width than the encoder's config.json; empty otherwise.
std::string width_note(const fs::path& folder, const fs::path& encoder) {
  const auto members = [](const fs::path& file) {
    return fs::exists(file) ? io::parse_json(io::read_file(file), file.string()) : io::Json();
  };
  const io::Json config = members(encoder / "config.json");
  const auto width = config.find("hidden_size");
  if (width == config.end() || !width->is_number()) return {};
  const fs::path file = folder / "config.json";
  const io::Json stage = members(file);
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"}) {
    const auto found = stage.find(key);
    if (found == stage.end() || !found->is_number() || *found == *width) {
      continue;
    }
    return fmt::format(
        "{}: {} is {}, but the encoder's width is {}: is it another model's file? "
        "Its pooling is used all the same",
        file.string(), key, found->dump(), width->dump());
  }
  return {};
}

Pooling pooling_of(const std::vector<Stage>& stages, const fs::path& encoder,
                   std::vector<std::string>& notes) {
  std::optional<Pooling> pooling;
  for (const Stage& stage : stages) {
    if (stage.kind == "Transformer" && !pooling) {
      std::error_code error;
      if (!fs::equivalent(stage.folder, encoder, error)) {
        throw InputError(
            encoder.string(), "",
            fmt::format("has its encoder in a folder of its own: give {}", stage.folder.string()));
      }
    } else if (stage.kind == "Pooling" && !pooling) {
      pooling.emplace().mode = read_pooling(stage, notes);
      if (std::string note = width_note(stage.folder, encoder); !note.empty()) {
        notes.push_back(std::move(note));
      }
    } else if (stage.kind == "Normalize" && pooling) {
      check_normalize(stage.folder);
      pooling->normalize = true;
    } else {
      refuse(stage.place, fmt::format("is the stage \"{}\"", stage.kind));
    }
  }
  return pooling.value_or(Pooling());
}

/// Where the stages are listed: the directory, or the one above when its modules.json names it.
fs::path root_of(const fs::path& directory) {
  if (fs::exists(directory / modules_name)) return directory;
  const fs::path whole = without_separator(fs::absolute(directory));
  const fs::path above = whole.parent_path();
  if (!fs::exists(above / modules_name)) return directory;
  const auto stages = stages_of_file(above);
  const bool is_named = std::ranges::any_of(stages, [&](const Stage& stage) {
    return stage.kind == "Transformer" && stage.folder == above / whole.filename();
  });
  return is_named ? above : directory;
}

}  // namespace

SentenceSettings read_sentence_settings(const fs::path& directory) {
  SentenceSettings settings;
  const fs::path root = root_of(directory);
  const bool is_listed = fs::exists(root / modules_name);
  const auto stages = is_listed ? stages_of_file(root) : stages_of_folders(root);
  settings.pooling = pooling_of(stages, directory, settings.notes);
  const bool has_pooling = std::ranges::find(stages, "Pooling", &Stage::kind) != stages.end();
  if (is_listed && !has_pooling) {
    throw InputError((root / modules_name).string(), "",
                     fmt::format("lists no Pooling stage, so that sentence-transformers makes no "
                                 "embedding of a sentence: {}; without this file it is mean",
                                 supported));
  }
  if (!stages.empty()) {
    settings.source = (is_listed ? root / modules_name : stages.front().folder).string();
  }
  const fs::path file = directory / settings_name;
  if (!fs::exists(file)) return settings;
  const io::Json json = io::parse_json(io::read_file(file), file.string());
  const io::JsonObject config(json, file.string());
  if (config.has("max_seq_length") && !config.at("max_seq_length").is_null()) {
    settings.max_length =
        static_cast<int>(config.integer("max_seq_length", 1, std::numeric_limits<int>::max()));
  }
  return settings;
}

SentenceSettings read_sentence_settings(const fs::path& directory,
                                        const tokenizer::Tokenizer& tokenizer) {
  SentenceSettings settings = read_sentence_settings(directory);
  check_lower_case(directory, tokenizer);
  return settings;
}

std::string long_texts_note(const std::optional<int>& max_length,
                            const std::vector<std::vector<int>>& examples,
                            const std::vector<std::vector<int>>& queries) {
  if (!max_length) return {};
  const auto is_long = [&](const std::vector<int>& tokens) {
    return tokens.size() > static_cast<std::size_t>(*max_length);
  };
  const auto count =
      std::ranges::count_if(examples, is_long) + std::ranges::count_if(queries, is_long);
  if (count == 0) return {};
  return fmt::format("{} longer than max_seq_length in {} ({} tokens), read in full and not cut",
                     count == 1 ? "one text is" : fmt::format("{} texts are", count), settings_name,
                     *max_length);
}

void check_lower_case(const fs::path& directory, const tokenizer::Tokenizer& tokenizer) {
  const fs::path file = directory / settings_name;
  if (!fs::exists(file)) return;
  const io::Json json = io::parse_json(io::read_file(file), file.string());
  const io::JsonObject config(json, file.string());
  if (!config.has("do_lower_case") || !config.boolean("do_lower_case")) return;
  if (tokenizer.encode("ABCDEFGHIJKLM NOPQRSTUVWXYZ", false) ==
      tokenizer.encode("abcdefghijklm nopqrstuvwxyz", false)) {
    return;
  }
  throw InputError(file.string(), "do_lower_case",
                   "is true, but the tokenizer keeps upper case, so that texts would be read "
                   "otherwise: give it a tokenizer that lowers case, or set this to false");
}

}  // namespace sextant::readout
