#include "bpe_json.hpp"

#include <limits>

#include "json_checks.hpp"

namespace sextant::tokenizer {
namespace {

using io::JsonObject;

/// {"String": ...} or {"Regex": ...}
Pattern read_pattern(const JsonObject& json) {
  const JsonObject pattern = json.object("pattern");
  pattern.allow_only({"String", "Regex"});
  if (pattern.has("String")) return pattern.string("String");
  return RegularExpression(pattern.string("Regex"), pattern.file(), pattern.place("Regex"));
}

Replace read_replace(const JsonObject& json) {
  json.allow_only({"type", "pattern", "content"});
  return {read_pattern(json), json.string("content")};
}

[[noreturn]] void fail_type(const JsonObject& json, std::string_view expected) {
  fail(json, "type",
       fmt::format("\"{}\" is not supported with a BPE model, expected {}", json.string("type"),
                   expected));
}

NormalizerStep read_normalizer(const JsonObject& json) {
  const std::string type = json.string("type");
  if (type == "Replace") return read_replace(json);
  if (type == "Prepend") {
    json.allow_only({"type", "prepend"});
    return Prepend{json.string("prepend")};
  }
  json.allow_only({"type"});
  if (type == "NFC") return UnicodeForm::nfc;
  if (type == "NFD") return UnicodeForm::nfd;
  if (type == "NFKC") return UnicodeForm::nfkc;
  if (type == "NFKD") return UnicodeForm::nfkd;
  if (type == "Lowercase") return Lowercase{};
  fail_type(json, "NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace or a Sequence of these");
}

SplitBehavior read_behavior(const JsonObject& json) {
  const std::string name = json.string("behavior");
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  fail(json, "behavior",
       fmt::format("\"{}\" is not known, expected Removed, Isolated, MergedWithPrevious, "
                   "MergedWithNext or Contiguous",
                   name));
}

Metaspace read_metaspace(const JsonObject& json) {
  json.allow_only(
      {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  Metaspace result;
  if (is_given(json, "replacement")) result.mark = json.string("replacement");
  if (result.mark.empty()) fail(json, "replacement", "is empty, expected a character");
  result.splits = flag(json, "split", true);
  if (!is_given(json, "prepend_scheme")) {  // as files before it were written
    if (!flag(json, "add_prefix_space", true)) result.scheme = Metaspace::Scheme::never;
    return result;
  }
  const std::string scheme = json.string("prepend_scheme");
  if (scheme == "always") {
    result.scheme = Metaspace::Scheme::always;
  } else if (scheme == "never") {
    result.scheme = Metaspace::Scheme::never;
  } else if (scheme == "first") {
    result.scheme = Metaspace::Scheme::first;
  } else {
    fail(json, "prepend_scheme",
         fmt::format("\"{}\" is not known, expected always, never or first", scheme));
  }
  return result;
}

/// Reads one pre-tokenizer into `options`; `cuts` is what has been read before it. ByteLevel and
/// Metaspace change the text, so that nothing may come after them.
void read_pre_tokenizer(const JsonObject& json, bool& is_last, BpeOptions& options) {
  if (is_last) {
    fail(json, "type",
         fmt::format("\"{}\" stands behind ByteLevel or Metaspace, expected it before",
                     json.string("type")));
  }
  const std::string type = json.string("type");
  if (type == "Split") {
    json.allow_only({"type", "pattern", "behavior", "invert"});
    options.splits.emplace_back(
        Split{read_pattern(json), read_behavior(json), flag(json, "invert", false)});
  } else if (type == "Digits") {
    json.allow_only({"type", "individual_digits"});
    options.splits.emplace_back(Digits{flag(json, "individual_digits", false)});
  } else if (type == "ByteLevel") {
    json.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    options.byte_level = is_last = true;
    options.add_prefix_space = json.boolean("add_prefix_space");
    options.use_regex = flag(json, "use_regex", true);
  } else if (type == "Metaspace") {
    options.metaspace = read_metaspace(json);
    is_last = true;
  } else {
    fail_type(json, "ByteLevel, Metaspace, Split, Digits or a Sequence of these");
  }
}

DecoderStep read_decoder_step(const JsonObject& json) {
  const std::string type = json.string("type");
  if (type == "Replace") return read_replace(json);
  if (type == "Metaspace") return read_metaspace(json);
  if (type == "ByteLevel") {
    json.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    return ByteLevelNames{};
  }
  if (type == "Strip") {
    json.allow_only({"type", "content", "start", "stop"});
    constexpr long long most = std::numeric_limits<std::int32_t>::max();
    return Strip{json.string("content"), static_cast<std::size_t>(json.integer("start", 0, most)),
                 static_cast<std::size_t>(json.integer("stop", 0, most))};
  }
  json.allow_only({"type"});
  if (type == "ByteFallback") return ByteFallback{};
  if (type == "Fuse") return Fuse{};
  fail_type(json,
            "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip or a Sequence of these");
}

}  // namespace

BpeOptions read_bpe_options(const JsonObject& top, const JsonObject& model) {
  model.allow_only({"type", "dropout", "unk_token", "continuing_subword_prefix",
                    "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                    "merges"});
  require(model, "dropout", {0.0});
  require(model, "continuing_subword_prefix", {""});
  require(model, "end_of_word_suffix", {""});
  BpeOptions options;
  options.byte_level = false;
  options.ignore_merges = flag(model, "ignore_merges", false);
  options.byte_fallback = flag(model, "byte_fallback", false);
  options.fuse_unknown = flag(model, "fuse_unk", false);
  if (is_given(model, "unk_token")) options.unknown = model.string("unk_token");
  for_parts(top, "normalizer", "normalizers",
            [&](const JsonObject& json) { options.normalizer.push_back(read_normalizer(json)); });
  bool is_last = false;
  for_parts(top, "pre_tokenizer", "pretokenizers",
            [&](const JsonObject& json) { read_pre_tokenizer(json, is_last, options); });
  if (!is_given(top, "decoder") && options.byte_level) return options;
  options.decoder.clear();
  for_parts(top, "decoder", "decoders",
            [&](const JsonObject& json) { options.decoder.push_back(read_decoder_step(json)); });
  return options;
}

}  // namespace sextant::tokenizer
