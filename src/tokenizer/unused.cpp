#include "unused.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

using io::Json;
using io::JsonObject;

/// Keys of tokenizer_config.json that have a note of their own, are read, or concern something
/// else than the tokens of one text.
constexpr std::array expected_keys{"add_bos_token",
                                   "add_eos_token",
                                   "add_prefix_space",
                                   "added_tokens_decoder",
                                   "additional_special_tokens",
                                   "auto_map",
                                   "backend",
                                   "chat_control_tokens",
                                   "chat_template",
                                   "clean_up_tokenization_spaces",
                                   "do_lower_case",
                                   "errors",
                                   "extra_special_tokens",
                                   "fast_tokenizer_files",
                                   "full_tokenizer_file",
                                   "gguf_file",
                                   "init_inputs",
                                   "is_local",
                                   "local_files_only",
                                   "max_len",
                                   "max_length",
                                   "merges",
                                   "model_input_names",
                                   "model_max_length",
                                   "name_or_path",
                                   "pad_to_multiple_of",
                                   "pad_token_type_id",
                                   "padding_side",
                                   "post_processor",
                                   "processor_class",
                                   "response_schema",
                                   "response_template",
                                   "special_tokens_map_file",
                                   "split_special_tokens",
                                   "stride",
                                   "strip_accents",
                                   "tokenize_chinese_chars",
                                   "tokenizer_class",
                                   "tokenizer_file",
                                   "tokenizer_object",
                                   "transformers_version",
                                   "trim_offsets",
                                   "truncation_side",
                                   "truncation_strategy",
                                   "vocab",
                                   "vocab_file"};

/// Null, false and what is empty.
bool says_nothing(const Json& value) {
  return value.is_null() || value == false || value.empty() ||
         (value.is_string() && value.get_ref<const std::string&>().empty());
}

class Notes {
 public:
  Notes(const ClassRule& rule, const TokenizerFiles& files, const Settings& settings,
        const TokenizerJson* saved, const Definition& definition, std::string_view directory)
      : rule_(rule),
        files_(files),
        settings_(settings),
        saved_(saved),
        definition_(definition),
        directory_(directory) {}

  std::vector<std::string> all() {
    add_files();
    if (saved_ != nullptr && rule_.build != Build::as_saved) add_parts();
    add_settings();
    return std::move(notes_);
  }

 private:
  void add_file(const std::optional<std::string>& file, std::string_view name,
                std::string_view reason) {
    if (!file) return;
    notes_.push_back(fmt::format("{} is not read: {}", file_in(directory_, name), reason));
  }

  void add_files() {
    const bool words = rule_.build == Build::word_piece;
    const std::string reason = saved_ != nullptr
                                   ? "tokenizer.json holds the vocabulary"
                                   : fmt::format("{} reads {}", rule_.name,
                                                 words ? "vocab.txt" : "vocab.json and merges.txt");
    if (saved_ != nullptr || words) {
      add_file(files_.vocab_json, "vocab.json", reason);
      add_file(files_.merges, "merges.txt", reason);
    }
    if (saved_ != nullptr || !words) add_file(files_.vocab_txt, "vocab.txt", reason);
    if (!settings_.lists_added_tokens()) return;
    const std::string_view listed = "tokenizer_config.json lists the added tokens";
    add_file(files_.special_tokens_map, "special_tokens_map.json", listed);
    add_file(files_.added_tokens, "added_tokens.json", listed);
  }

  /// A note where `part` of tokenizer.json has another value than the class works with.
  void compare(const JsonObject& part, std::string_view key, const Json& used) {
    if (!part.has(key)) return;
    const Json& found = part.at(key);
    if (found != used && !(says_nothing(found) && says_nothing(used))) {
      add_difference(part, key, found, used);
    }
  }

  void add_difference(const JsonObject& part, std::string_view key, const Json& found,
                      const Json& used) {
    notes_.push_back(fmt::format("{}: {} is {}, which {} does not read: it works with {}",
                                 part.file(), part.place(key), found.dump(), rule_.name,
                                 used.dump()));
  }

  /// The object `key` of tokenizer.json, where it is one of `type`, otherwise a note.
  std::optional<JsonObject> part(std::string_view key, std::string_view type) {
    const JsonObject top = saved_->top();
    if (is_given(top, key) && top.at(key).is_object()) {
      const JsonObject object = top.object(key);
      if (object.has("type") && object.at("type") == type) return object;
    }
    notes_.push_back(
        fmt::format("{}: {} is not read: {} works with a {}", top.file(), key, rule_.name, type));
    return std::nullopt;
  }

  void add_parts() {
    std::visit([&](const auto& options) { add_parts_of(options); }, definition_.model);
    if (!settings_.lists_added_tokens()) return;
    for (const DeclaredToken& declared : saved_->added_tokens()) {
      if (definition_.added.find(declared.token.content)) continue;
      notes_.push_back(
          fmt::format("{}: the added token \"{}\" is not read: tokenizer_config.json "
                      "lists the added tokens without it",
                      declared.file, declared.token.content));
    }
  }

  void add_parts_of(const WordPieceOptions& options) {
    if (const auto normalizer = part("normalizer", "BertNormalizer")) {
      compare(*normalizer, "clean_text", options.clean_text);
      compare(*normalizer, "handle_chinese_chars", options.handle_ideographs);
      compare(*normalizer, "lowercase", options.lowercase);
      const auto value = [&](std::string_view key) {
        return is_given(*normalizer, key) ? normalizer->at(key) : Json();
      };
      const Json found = value("strip_accents");
      const bool follows_case = found.is_null() && !options.strip_accents;  // noted already
      if (!follows_case &&
          (found.is_null() ? value("lowercase") : found) != options.strips_accents()) {
        add_difference(*normalizer, "strip_accents", found, options.strips_accents());
      }
    }
    part("pre_tokenizer", "BertPreTokenizer");
    const JsonObject model = saved_->top().object("model");
    compare(model, "unk_token", options.unknown);
    compare(model, "continuing_subword_prefix", options.continuing_prefix);
    compare(model, "max_input_chars_per_word", options.longest_word);
  }

  void add_parts_of(const BpeOptions& options) {
    const JsonObject top = saved_->top();
    if (is_given(top, "normalizer")) {
      notes_.push_back(
          fmt::format("{}: normalizer is not read: {} works without one", top.file(), rule_.name));
    }
    if (const auto pre_tokenizer = part("pre_tokenizer", "ByteLevel")) {
      compare(*pre_tokenizer, "add_prefix_space", options.add_prefix_space);
      compare(*pre_tokenizer, "use_regex", options.use_regex);
    }
    const JsonObject model = top.object("model");
    for (const char* key : {"dropout", "unk_token", "continuing_subword_prefix",
                            "end_of_word_suffix", "byte_fallback", "ignore_merges"}) {
      compare(model, key, Json());
    }
  }

  /// A note where a flag of tokenizer_config.json is not what the tokenizer does.
  void compare_flag(std::string_view key, bool used, std::string_view effect) {
    const JsonObject json = settings_.configuration();
    if (!is_given(json, key) || json.at(key) == used) return;
    notes_.push_back(fmt::format("{}: {} is {}, which {} does not read{}: {}", json.file(), key,
                                 json.at(key).dump(), rule_.name,
                                 saved_ != nullptr ? " beside tokenizer.json" : "", effect));
  }

  void add_settings() {
    const auto* words = std::get_if<WordPieceOptions>(&definition_.model);
    const auto* bytes = std::get_if<BpeOptions>(&definition_.model);
    const auto compare_text = [&](std::string_view key, bool used, std::string_view yes,
                                  std::string_view no) {
      compare_flag(key, used, used ? yes : no);
    };
    compare_text("do_lower_case", words != nullptr && words->lowercase, "text is put in lower case",
                 "text keeps its case");
    compare_text("strip_accents", words != nullptr && words->strips_accents(),
                 "accents are stripped", "accents are kept");
    compare_text("tokenize_chinese_chars", words != nullptr && words->handle_ideographs,
                 "ideographs are words of their own", "ideographs are not set apart");
    compare_text("add_prefix_space", bytes != nullptr && bytes->add_prefix_space,
                 "a text gets a space in front", "a text gets no space in front");
    compare_text("add_bos_token", !definition_.surroundings.prefix.empty(),
                 "a token is put before a text", "no token is put before a text");
    compare_text("add_eos_token", !definition_.surroundings.suffix.empty(),
                 "a token is put behind a text", "no token is put behind a text");
    const JsonObject json = settings_.configuration();
    for (const auto& [key, value] : json.value().items()) {
      const bool expected =
          std::find(expected_keys.begin(), expected_keys.end(), key) != expected_keys.end();
      const bool names_token = key.ends_with("_token") && (value.is_string() || value.is_object());
      // This flag changed the tokens of older releases where it is off.
      const bool counts = key == "do_basic_tokenize" ? value == false : !says_nothing(value);
      if (expected || names_token || !counts) continue;
      notes_.push_back(fmt::format("{}: {} is{} not read by {}", json.file(), key,
                                   value.is_boolean() ? fmt::format(" {} and", value.dump()) : "",
                                   rule_.name));
    }
  }

  const ClassRule& rule_;
  const TokenizerFiles& files_;
  const Settings& settings_;
  const TokenizerJson* saved_;
  const Definition& definition_;
  std::string_view directory_;
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> unused_notes(const ClassRule& rule, const TokenizerFiles& files,
                                      const Settings& settings, const TokenizerJson* saved,
                                      const Definition& definition, std::string_view directory) {
  return Notes(rule, files, settings, saved, definition, directory).all();
}

}  // namespace sextant::tokenizer
