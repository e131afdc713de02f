#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "bpe_json.hpp"
#include "definition.hpp"
#include "json_checks.hpp"
#include "settings.hpp"
#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

using io::Json;
using io::JsonObject;

std::vector<Merge> read_merges(const JsonObject& model) {
  const Json& array = model.at("merges");
  if (!array.is_array()) fail(model, "merges", "must be an array");
  std::vector<Merge> merges;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const Json& entry = array[i];
    const std::string place = fmt::format("{}[{}]", model.place("merges"), i);
    if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
      merges.push_back({entry[0].get<std::string>(), entry[1].get<std::string>(), place});
      continue;
    }
    const std::string text = entry.is_string() ? entry.get<std::string>() : std::string();
    const std::size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
      throw InputError(model.file(), place, "must be two tokens");
    }
    merges.push_back({text.substr(0, space), text.substr(space + 1), place});
  }
  return merges;
}

WordPieceOptions read_word_piece(const JsonObject& model) {
  model.allow_only(
      {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  WordPieceOptions options;
  if (is_given(model, "unk_token")) options.unknown = model.string("unk_token");
  if (is_given(model, "continuing_subword_prefix")) {
    options.continuing_prefix = model.string("continuing_subword_prefix");
  }
  if (is_given(model, "max_input_chars_per_word")) {
    options.longest_word = static_cast<std::size_t>(
        model.integer("max_input_chars_per_word", 0, std::numeric_limits<std::int32_t>::max()));
  }
  return options;
}

void read_bert_parts(const JsonObject& top, WordPieceOptions& options) {
  const JsonObject normalizer = top.object("normalizer");
  require_type(normalizer, "BertNormalizer",
               {"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  options.clean_text = flag(normalizer, "clean_text", true);
  options.handle_ideographs = flag(normalizer, "handle_chinese_chars", true);
  if (is_given(normalizer, "strip_accents")) {
    options.strip_accents = normalizer.boolean("strip_accents");
  }
  options.lowercase = flag(normalizer, "lowercase", true);
  require_type(top.object("pre_tokenizer"), "BertPreTokenizer", {"type"});
  options.decoder_prefix = options.continuing_prefix;
  if (is_given(top, "decoder")) {
    const JsonObject decoder = top.object("decoder");
    require_type(decoder, "WordPiece", {"type", "prefix", "cleanup"});
    options.decoder_prefix = decoder.string("prefix");
    options.clean_up = decoder.boolean("cleanup");
  }
}

/// The id of a token named in a post-processor, which gives the id as well.
int checked_id(const Definition& definition, const std::string& name, long long declared,
               const JsonObject& json, std::string_view key) {
  const auto id = find_token(definition, name);
  if (!id) fail(json, key, fmt::format("\"{}\" is not in the vocabulary", name));
  if (*id != declared) {
    fail(json, key,
         fmt::format("gives \"{}\" the id {}, expected {} as in the vocabulary", name, declared,
                     *id));
  }
  return *id;
}

/// The ids that the special token `name` of a template stands for.
std::vector<int> template_ids(const Definition& definition, const JsonObject& processor,
                              const std::string& name) {
  const JsonObject entry = processor.object("special_tokens").object(name);
  const std::vector<std::string> tokens = entry.strings("tokens");
  const Json& ids = entry.at("ids");
  if (!ids.is_array() || ids.size() != tokens.size()) {
    fail(entry, "ids",
         fmt::format("must be an array of {} ids, one for each token", tokens.size()));
  }
  std::vector<int> result;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!ids[i].is_number_unsigned() || ids[i] > std::numeric_limits<std::int32_t>::max()) {
      fail(entry, "ids", fmt::format("has {}, expected an id", ids[i].dump()));
    }
    result.push_back(checked_id(definition, tokens[i], ids[i].get<long long>(), entry, "ids"));
  }
  return result;
}

void read_processing(const JsonObject& processor, const Definition& definition,
                     Surroundings& around) {
  require_type(processor, "TemplateProcessing", {"type", "single", "pair", "special_tokens"});
  bool behind = false;
  std::vector<int> before_text;
  std::vector<int> behind_text;
  for (const JsonObject& piece : processor.objects("single")) {
    piece.allow_only({"SpecialToken", "Sequence"});
    if (piece.has("Sequence")) {
      if (behind || piece.has("SpecialToken") || piece.object("Sequence").string("id") != "A") {
        fail(processor, "single", "must hold the sequence A exactly once");
      }
      behind = true;
      continue;
    }
    const std::string name = piece.object("SpecialToken").string("id");
    const std::vector<int> ids = template_ids(definition, processor, name);
    auto& side = behind ? behind_text : before_text;
    side.insert(side.end(), ids.begin(), ids.end());
  }
  if (!behind) fail(processor, "single", "must hold the sequence A exactly once");
  around.prefix.insert(around.prefix.begin(), before_text.begin(), before_text.end());
  around.suffix.insert(around.suffix.end(), behind_text.begin(), behind_text.end());
}

/// BertProcessing and RobertaProcessing name their two tokens as ["[SEP]", 102].
int named_id(const JsonObject& processor, std::string_view key, const Definition& definition) {
  const Json& pair = processor.at(key);
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
      !pair[1].is_number_integer()) {
    fail(processor, key, "must be a token with its id");
  }
  return checked_id(definition, pair[0].get<std::string>(), pair[1].get<long long>(), processor,
                    key);
}

void read_post_processor(const JsonObject& processor, const Definition& definition,
                         Surroundings& around) {
  const std::string type = processor.string("type");
  if (type == "ByteLevel") return;  // concerns offsets only
  if (type == "TemplateProcessing") return read_processing(processor, definition, around);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    around.prefix.insert(around.prefix.begin(), named_id(processor, "cls", definition));
    around.suffix.push_back(named_id(processor, "sep", definition));
    return;
  }
  fail(processor, "type",
       fmt::format("\"{}\" is not supported, expected ByteLevel, TemplateProcessing, "
                   "BertProcessing, RobertaProcessing or Sequence",
                   type));
}

/// Files from before models named their type are told apart by their keys.
std::string model_type(const JsonObject& model) {
  if (model.has("type")) return model.string("type");
  return model.has("merges") ? "BPE" : "WordPiece";
}

}  // namespace

TokenizerJson::TokenizerJson(const std::string& text, std::string_view directory)
    : file_(file_in(directory, "tokenizer.json")), json_(io::parse_json(text, file_)) {
  top().allow_only({"version", "truncation", "padding", "added_tokens", "normalizer",
                    "pre_tokenizer", "post_processor", "decoder", "model"});
  require(top(), "version", {"1.0"});
}

void TokenizerJson::read_vocabulary(std::string_view type, Definition& definition) const {
  const JsonObject model = top().object("model");
  definition.file = definition.merges_file = file_;
  if (const std::string found = model_type(model); found != type) {
    fail(model, "type",
         fmt::format("\"{}\" is not supported with this class of tokenizer, expected {}; where "
                     "this file says all of the tokenizer, set tokenizer_class to "
                     "PreTrainedTokenizerFast in tokenizer_config.json",
                     found, type));
  }
  if (type == "BPE") definition.merges = read_merges(model);
  definition.vocabulary = tokenizer::read_vocabulary(model.object("vocab"), model.place("vocab"));
}

void TokenizerJson::read_model(Definition& definition) const {
  const JsonObject model = top().object("model");
  const std::string type = model_type(model);
  if (type == "BPE") {
    definition.model = read_bpe_options(top(), model);
  } else if (type == "WordPiece") {
    WordPieceOptions options = read_word_piece(model);
    read_bert_parts(top(), options);
    definition.model = std::move(options);
  } else {
    fail(model, "type", fmt::format("\"{}\" is not supported, expected BPE or WordPiece", type));
  }
  read_vocabulary(type, definition);
}

std::vector<DeclaredToken> TokenizerJson::added_tokens() const {
  std::vector<DeclaredToken> tokens;
  if (!is_given(top(), "added_tokens")) return tokens;
  std::set<std::string> contents;
  for (const JsonObject& json : top().objects("added_tokens")) {
    json.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    DeclaredToken token = read_declared_token(json, json.place("id"));
    token.id = static_cast<int>(json.integer("id", 0, std::numeric_limits<std::int32_t>::max()));
    if (!contents.insert(token.token.content).second) {
      fail(json, "content", fmt::format("\"{}\" is added twice", token.token.content));
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Surroundings TokenizerJson::read_template(const Definition& definition) const {
  Surroundings around;
  for_parts(top(), "post_processor", "processors", [&](const JsonObject& processor) {
    read_post_processor(processor, definition, around);
  });
  return around;
}

}  // namespace sextant::tokenizer
