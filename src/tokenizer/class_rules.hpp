#pragma once

/// Which class of the `transformers` library reads a directory, and what that class does.

#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace sextant::tokenizer {

enum class Build {
  as_saved,    ///< What tokenizer.json says, in all its parts.
  word_piece,  ///< WordPiece over a vocabulary, everything else from settings and defaults.
  byte_level,  ///< Byte-level BPE over vocabulary and merges, the rest from settings and defaults.
};

enum class Template {
  as_saved,     ///< tokenizer.json's; without that file as add_bos_token and add_eos_token say.
  cls_and_sep,  ///< The token cls_token before a text and sep_token behind it, always.
};

/// The token that has a role where no file names one.
struct DefaultRole {
  std::string_view role;
  std::string_view token;
};

/// A class of tokenizers. A new class is one more of these.
struct ClassRule {
  std::string_view name;
  std::vector<std::string_view> aliases;      ///< Further names, without the ending "Fast".
  std::vector<std::string_view> model_types;  ///< Of config.json, that mean it without its name.
  Build build = Build::as_saved;
  Template surround = Template::as_saved;
  std::vector<DefaultRole> defaults;
};

struct ResolvedClass {
  const ClassRule* rule = nullptr;
  std::string reason;  ///< Where it was found, such as "config.json: model_type \"bert\"".
};

/// The class that tokenizer_config.json names, else the one that config.json names, else the one
/// that its model_type stands for, else the one that takes tokenizer.json as it stands. The
/// variants "...Fast" are one class with the others. Throws `InputError` naming a class or
/// model_type that is not in the table, and for tokenizers that come as code.
ResolvedClass resolve_class(const Settings& settings);

}  // namespace sextant::tokenizer
