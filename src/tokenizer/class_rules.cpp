#include "class_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "sextant/core/errors.hpp"

namespace sextant::tokenizer {
namespace {

// The comparison with the reference (tests/parity/tokenizer_parity.py) goes through every name and
// model_type of this table.
const std::array<ClassRule, 4>& rules() {
  static const std::array<ClassRule, 4> table{
      {{.name = "TokenizersBackend",
        .aliases = {"PreTrainedTokenizer", "PythonBackend", "LlamaTokenizer", "GemmaTokenizer",
                    "Qwen2Tokenizer"},
        // Their classes differ from tokenizer.json only where that file is of another kind than
        // theirs, and then the file is right.
        .model_types = {"llama", "mistral", "qwen2", "qwen3", "gemma3_text"},
        .build = Build::as_saved,
        .surround = Template::as_saved,
        .defaults = {}},
       {.name = "BertTokenizer",
        .aliases = {"DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"},
        .model_types = {"bert", "distilbert", "electra"},
        .build = Build::word_piece,
        .surround = Template::cls_and_sep,
        .defaults = {{"unk_token", "[UNK]"},
                     {"sep_token", "[SEP]"},
                     {"pad_token", "[PAD]"},
                     {"cls_token", "[CLS]"},
                     {"mask_token", "[MASK]"}}},
       {.name = "GPT2Tokenizer",
        .aliases = {},
        .model_types = {"gpt2", "gpt_neo", "gptj", "opt"},
        .build = Build::byte_level,
        .surround = Template::as_saved,
        .defaults = {{"bos_token", "<|endoftext|>"},
                     {"eos_token", "<|endoftext|>"},
                     {"unk_token", "<|endoftext|>"}}},
       {.name = "RobertaTokenizer",
        .aliases = {"BartTokenizer"},
        .model_types = {"roberta"},
        .build = Build::byte_level,
        .surround = Template::cls_and_sep,
        .defaults = {{"bos_token", "<s>"},
                     {"eos_token", "</s>"},
                     {"unk_token", "<unk>"},
                     {"sep_token", "</s>"},
                     {"pad_token", "<pad>"},
                     {"cls_token", "<s>"},
                     {"mask_token", "<mask>"}}}}};
  return table;
}

const ClassRule& as_saved() { return rules().front(); }

bool holds(const std::vector<std::string_view>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

const ClassRule* by_model_type(std::string_view type) {
  const auto found = std::find_if(rules().begin(), rules().end(), [&](const ClassRule& rule) {
    return holds(rule.model_types, type);
  });
  return found == rules().end() ? nullptr : &*found;
}

std::string known_names() {
  std::vector<std::string_view> names{"PreTrainedTokenizerFast"};
  for (const ClassRule& rule : rules()) {
    names.push_back(rule.name);
    names.insert(names.end(), rule.aliases.begin(), rule.aliases.end());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

const ClassRule& by_name(std::string_view file, const std::string& name) {
  std::string_view bare = name;
  if (bare.ends_with("Fast")) bare.remove_suffix(4);
  for (const ClassRule& rule : rules()) {
    if (rule.name == bare || holds(rule.aliases, bare)) return rule;
  }
  throw InputError(
      file, "tokenizer_class",
      fmt::format("{} is not supported, expected one of {}; where tokenizer.json says all that "
                  "this class does, PreTrainedTokenizerFast in its place takes that file as it "
                  "stands",
                  name, known_names()));
}

std::vector<std::string_view> known_model_types() {
  std::vector<std::string_view> types;
  for (const ClassRule& rule : rules()) {
    types.insert(types.end(), rule.model_types.begin(), rule.model_types.end());
  }
  return types;
}

/// The string of `key`, empty where there is none.
std::string text(const io::JsonObject& json, std::string_view key) {
  if (!is_given(json, key)) return {};
  std::string value = json.string(key);
  if (value.empty()) throw InputError(json.file(), key, "is empty, expected a name or no such key");
  return value;
}

void reject_code(const io::JsonObject& configuration) {
  if (!is_given(configuration, "auto_map")) return;
  const io::Json& map = configuration.at("auto_map");
  if (map.is_object() && !map.contains("AutoTokenizer")) return;
  throw InputError(configuration.file(), "auto_map",
                   "names program code as the tokenizer, which is not run here; where "
                   "tokenizer.json says all that it does, remove the key and set tokenizer_class "
                   "to PreTrainedTokenizerFast");
}

}  // namespace

ResolvedClass resolve_class(const Settings& settings) {
  const io::JsonObject configuration = settings.configuration();
  const io::JsonObject model = settings.model();
  reject_code(configuration);
  const std::string type = text(model, "model_type");
  const ClassRule* const of_type = by_model_type(type);
  // Asked first: some types overrule the class that a directory names.
  if (!type.empty() && of_type == nullptr) {
    throw InputError(model.file(), "model_type",
                     fmt::format("\"{}\" is not one whose tokenizer is known, expected one of {}",
                                 type, fmt::join(known_model_types(), ", ")));
  }
  for (const io::JsonObject& json : {configuration, model}) {
    if (const std::string name = text(json, "tokenizer_class"); !name.empty()) {
      return {&by_name(json.file(), name),
              fmt::format("{}: tokenizer_class {}", json.file(), name)};
    }
  }
  if (of_type != nullptr) {
    return {of_type, fmt::format("{}: model_type {}", model.file(), type)};
  }
  return {&as_saved(), "no file names a class"};
}

}  // namespace sextant::tokenizer
