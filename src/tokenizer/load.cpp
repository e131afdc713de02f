#include "sextant/tokenizer/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bpe.hpp"
#include "class_rules.hpp"
#include "definition.hpp"
#include "settings.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "special_tokens.hpp"
#include "unicode.hpp"
#include "unused.hpp"
#include "word_piece.hpp"

namespace sextant::tokenizer {
namespace {

std::unique_ptr<const Model> make_model(const Definition& definition) {
  if (const auto* options = std::get_if<BpeOptions>(&definition.model)) {
    return std::make_unique<Bpe>(definition, *options);
  }
  return std::make_unique<WordPiece>(definition, std::get<WordPieceOptions>(definition.model));
}

/// A model behind its added tokens and its template.
class DefinedTokenizer : public Tokenizer {
 public:
  explicit DefinedTokenizer(Definition definition)
      : definition_(std::move(definition)), model_(make_model(definition_)) {
    definition_.merges = {};  // by now the model's own
    for (const auto& [id, token] : definition_.added.tokens()) add(token);
  }

  std::vector<int> encode(std::string_view text, bool add_special_tokens) const override {
    check_utf8("encode", "text", text);
    std::vector<int> ids;
    if (add_special_tokens) ids = definition_.surroundings.prefix;
    for (const Stretch& stretch : in_text_.split(text)) {
      if (stretch.id >= 0) {
        ids.push_back(stretch.id);
      } else {
        append_normalized(model_->normalized(stretch.text), stretch.text.data() == text.data(),
                          ids);
      }
    }
    if (add_special_tokens) {
      const std::vector<int>& suffix = definition_.surroundings.suffix;
      ids.insert(ids.end(), suffix.begin(), suffix.end());
    }
    return ids;
  }

  std::string decode(std::span<const int> ids, bool skip_special_tokens) const override {
    std::vector<std::string_view> names;
    for (const int id : ids) {
      const auto pattern = normalized_names_.find(id);
      const std::string& name = pattern == normalized_names_.end() ? token(id) : pattern->second;
      if (!skip_special_tokens || !definition_.added.is_special(name)) names.emplace_back(name);
    }
    return model_->joined(names);
  }

  std::optional<int> id(std::string_view token) const override {
    return find_token(definition_, token);
  }

  const std::string& token(int id) const override {
    const auto& added = definition_.added.tokens();
    if (const auto found = added.find(id); found != added.end()) return found->second.content;
    if (const std::string* name = definition_.vocabulary.name(id)) return *name;
    const auto size = static_cast<int>(vocabulary_size());
    throw ArgumentError("token", "id",
                        id >= 0 && id < size
                            ? fmt::format("is {}, to which the vocabulary gives no token", id)
                            : fmt::format("is {}, expected 0 to {}", id, size - 1));
  }

  std::size_t vocabulary_size() const override {
    const auto& added = definition_.added.tokens();
    const int behind_added = added.empty() ? 0 : added.rbegin()->first + 1;
    return static_cast<std::size_t>(std::max(definition_.vocabulary.end(), behind_added));
  }

 private:
  void add(const AddedToken& token) {
    if (!token.normalized) return in_text_.add(token.content, token);
    std::string pattern = model_->normalized(token.content);
    if (pattern.empty()) {
      throw InputError(definition_.file, fmt::format("added token \"{}\"", token.content),
                       "is empty once normalised");
    }
    in_normalized_.add(pattern, token);
    normalized_names_[token.id] = std::move(pattern);
  }

  void append_normalized(std::string_view text, bool is_first, std::vector<int>& ids) const {
    for (const Stretch& stretch : in_normalized_.split(text)) {
      if (stretch.id >= 0) {
        ids.push_back(stretch.id);
      } else {
        model_->append_ids(stretch.text, is_first && stretch.text.data() == text.data(), ids);
      }
    }
  }

  Definition definition_;
  std::unique_ptr<const Model> model_;  // refers to definition_
  AddedTokenMatcher in_text_;
  AddedTokenMatcher in_normalized_;
  std::map<int, std::string> normalized_names_;  // what such added tokens decode to
};

/// Throws unless the directory holds what `resolved` reads where there is no tokenizer.json.
void check_vocabulary_files(const ResolvedClass& resolved, const TokenizerFiles& files,
                            std::string_view directory) {
  const bool bytes = files.vocab_json && files.merges;
  std::string_view expected = "tokenizer.json";
  switch (resolved.rule->build) {
    case Build::as_saved:
      if (!files.vocab_txt && !files.vocab_json && !files.merges) {
        throw InputError(directory, "",
                         "holds no tokenizer, expected tokenizer.json, vocab.json with merges.txt, "
                         "or vocab.txt");
      }
      break;
    case Build::word_piece:
      if (files.vocab_txt) return;
      expected = "tokenizer.json or vocab.txt";
      break;
    case Build::byte_level:
      if (bytes) return;
      expected = "tokenizer.json, or vocab.json with merges.txt";
      break;
  }
  throw InputError(
      directory, "",
      fmt::format("lacks the vocabulary that {} reads ({}), expected {}{}", resolved.rule->name,
                  resolved.reason, expected,
                  resolved.rule->build == Build::as_saved
                      ? "; the class that reads the files there are can be named as "
                        "\"tokenizer_class\" in tokenizer_config.json, such as BertTokenizer for "
                        "vocab.txt or GPT2Tokenizer for vocab.json"
                      : ""));
}

void build_word_piece(const ClassRule& rule, const TokenizerFiles& files, const Settings& settings,
                      const TokenizerJson* saved, std::string_view directory,
                      Definition& definition, std::vector<std::string>& notes) {
  WordPieceOptions options;
  options.lowercase = settings.flag("do_lower_case", true);
  options.handle_ideographs = settings.flag("tokenize_chinese_chars", true);
  const io::JsonObject json = settings.configuration();
  if (is_given(json, "strip_accents")) options.strip_accents = json.boolean("strip_accents");
  options.unknown = role_content(rule, settings, "unk_token");
  definition.model = std::move(options);
  if (saved != nullptr) return saved->read_vocabulary("WordPiece", definition);
  read_word_piece_file(files, directory, definition, notes);
}

void build_byte_level(const TokenizerFiles& files, const Settings& settings,
                      const TokenizerJson* saved, std::string_view directory,
                      Definition& definition) {
  BpeOptions options;
  options.add_prefix_space = settings.flag("add_prefix_space", false);
  definition.model = std::move(options);
  if (saved != nullptr) return saved->read_vocabulary("BPE", definition);
  read_byte_level_files(files, directory, definition);
}

/// Notes bytes that are left out of texts because the vocabulary has no token for them.
void add_missing_bytes(const Definition& definition, std::vector<std::string>& notes) {
  const auto* options = std::get_if<BpeOptions>(&definition.model);
  if (options == nullptr || !options->byte_level || options->unknown) return;
  if (is_narrow(definition.vocabulary)) return;
  const std::vector<unsigned char> missing = missing_bytes(definition.vocabulary);
  if (missing.empty()) return;
  std::string bytes;
  for (const unsigned char byte : missing) {
    bytes += fmt::format("{}0x{:02X}", bytes.empty() ? "" : ", ", byte);
  }
  notes.push_back(
      fmt::format("{}: the vocabulary has no token for the bytes {}, which are left out "
                  "of texts, as in transformers",
                  definition.file, bytes));
}

/// Whether the template of tokenizer.json is `around`. False too for one that is not supported.
bool saves_template(const TokenizerJson& saved, const Surroundings& around,
                    const Definition& definition) {
  try {
    return saved.read_template(definition) == around;
  } catch (const InputError&) {
    return false;
  }
}

/// The tokens that encoding with special tokens puts around a text.
Surroundings read_surroundings(const ClassRule& rule, const Settings& settings,
                               const TokenizerJson* saved, const Definition& definition,
                               std::vector<std::string>& notes) {
  Surroundings around;
  if (rule.surround == Template::cls_and_sep) {
    around.prefix = {role_id(rule, settings, "cls_token", definition)};
    around.suffix = {role_id(rule, settings, "sep_token", definition)};
    if (saved != nullptr && !saves_template(*saved, around, definition)) {
      notes.push_back(fmt::format(
          "{}: post_processor is not read: {} puts \"{}\" in front of a text and \"{}\" behind it",
          saved->top().file(), rule.name, role_content(rule, settings, "cls_token"),
          role_content(rule, settings, "sep_token")));
    }
    return around;
  }
  if (saved != nullptr) return saved->read_template(definition);
  const io::JsonObject json = settings.configuration();
  const auto add = [&](std::string_view key, std::string_view role, std::vector<int>& ids) {
    if (!is_given(json, key) || !json.boolean(key)) return;
    if (role_content(rule, settings, role).empty()) return;  // so in the reference
    ids = {role_id(rule, settings, role, definition)};
  };
  add("add_bos_token", "bos_token", around.prefix);
  add("add_eos_token", "eos_token", around.suffix);
  return around;
}

}  // namespace

std::string TokenizerReading::notes_line() const {
  if (notes.size() < 2) return notes.empty() ? "" : notes.front();
  return fmt::format("{} (and {} more on the tokenizer: sextant inspect DIR)", notes.front(),
                     notes.size() - 1);
}

TokenizerReading read_tokenizer(const TokenizerFiles& files, std::string_view directory) {
  const Settings settings(files, directory);
  const ResolvedClass resolved = resolve_class(settings);
  const ClassRule& rule = *resolved.rule;
  std::optional<TokenizerJson> json;
  if (files.tokenizer_json) json.emplace(*files.tokenizer_json, directory);
  const TokenizerJson* const saved = json ? &*json : nullptr;
  if (saved == nullptr) check_vocabulary_files(resolved, files, directory);

  TokenizerReading result;
  Definition definition;
  switch (rule.build) {
    case Build::as_saved:
      saved->read_model(definition);
      break;
    case Build::word_piece:
      build_word_piece(rule, files, settings, saved, directory, definition, result.notes);
      break;
    case Build::byte_level:
      build_byte_level(files, settings, saved, directory, definition);
      break;
  }
  add_declared_tokens(rule, settings, saved, definition, result.notes);
  definition.surroundings = read_surroundings(rule, settings, saved, definition, result.notes);
  for (std::string& note : unused_notes(rule, files, settings, saved, definition, directory)) {
    result.notes.push_back(std::move(note));
  }
  add_missing_bytes(definition, result.notes);
  result.class_name = rule.name;
  result.class_reason = resolved.reason;
  result.tokenizer = std::make_unique<DefinedTokenizer>(std::move(definition));
  return result;
}

TokenizerReading read_tokenizer(const std::filesystem::path& directory) {
  const auto read = [&](const char* name) -> std::optional<std::string> {
    const std::filesystem::path path = directory / name;
    if (!std::filesystem::exists(path)) return std::nullopt;
    return io::read_file(path);
  };
  TokenizerFiles files;
  files.tokenizer_json = read("tokenizer.json");
  files.vocab_json = read("vocab.json");
  files.merges = read("merges.txt");
  files.vocab_txt = read("vocab.txt");
  files.tokenizer_config = read("tokenizer_config.json");
  files.special_tokens_map = read("special_tokens_map.json");
  files.added_tokens = read("added_tokens.json");
  files.model_config = read("config.json");
  return read_tokenizer(files, directory.string());
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory) {
  return read_tokenizer(directory).tokenizer;
}

std::unique_ptr<Tokenizer> parse_tokenizer(const TokenizerFiles& files,
                                           std::string_view directory) {
  return read_tokenizer(files, directory).tokenizer;
}

}  // namespace sextant::tokenizer
