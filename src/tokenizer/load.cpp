#include "sextant/tokenizer/load.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "bpe.hpp"
#include "definition.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "unicode.hpp"
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
    for (const AddedToken& token : definition_.added) add(token);
  }

  std::vector<int> encode(std::string_view text, bool add_special_tokens) const override {
    check_utf8("encode", "text", text);
    std::vector<int> ids;
    if (add_special_tokens) ids = definition_.prefix;
    for (const Stretch& stretch : in_text_.split(text)) {
      if (stretch.id >= 0) {
        ids.push_back(stretch.id);
      } else {
        append_normalized(model_->normalized(stretch.text), ids);
      }
    }
    if (add_special_tokens) {
      ids.insert(ids.end(), definition_.suffix.begin(), definition_.suffix.end());
    }
    return ids;
  }

  std::string decode(std::span<const int> ids, bool skip_special_tokens) const override {
    std::vector<std::string_view> names;
    for (const int id : ids) {
      const auto pattern = normalized_names_.find(id);
      const std::string& name = pattern == normalized_names_.end() ? token(id) : pattern->second;
      if (!skip_special_tokens || !special_.contains(id)) names.emplace_back(name);
    }
    return model_->joined(names);
  }

  std::optional<int> id(std::string_view token) const override {
    return definition_.vocabulary.find(token);
  }

  const std::string& token(int id) const override {
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary_size()) {
      throw ArgumentError("token", "id",
                          fmt::format("is {}, expected 0 to {}", id, vocabulary_size() - 1));
    }
    return definition_.vocabulary.name(id);
  }

  std::size_t vocabulary_size() const override { return definition_.vocabulary.size(); }

 private:
  void add(const AddedToken& token) {
    if (token.special) special_.insert(token.id);
    if (!token.normalized) return in_text_.add(token.content, token);
    std::string pattern = model_->normalized(token.content);
    if (pattern.empty()) {
      throw InputError(definition_.file, fmt::format("added token \"{}\"", token.content),
                       "is empty once normalised");
    }
    in_normalized_.add(pattern, token);
    normalized_names_[token.id] = std::move(pattern);
  }

  void append_normalized(std::string_view text, std::vector<int>& ids) const {
    for (const Stretch& stretch : in_normalized_.split(text)) {
      if (stretch.id >= 0) {
        ids.push_back(stretch.id);
      } else {
        model_->append_ids(stretch.text, ids);
      }
    }
  }

  Definition definition_;
  std::unique_ptr<const Model> model_;  // refers to definition_
  AddedTokenMatcher in_text_;
  AddedTokenMatcher in_normalized_;
  std::set<int> special_;
  std::map<int, std::string> normalized_names_;  // what such added tokens decode to
};

}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer(const TokenizerFiles& files,
                                           std::string_view directory) {
  Definition definition = files.tokenizer_json ? read_tokenizer_json(files, directory)
                                               : read_vocabulary_files(files, directory);
  apply_configuration(definition, files, directory);
  return std::make_unique<DefinedTokenizer>(std::move(definition));
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory) {
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
  return parse_tokenizer(files, directory.string());
}

}  // namespace sextant::tokenizer
