#pragma once

#include "class_rules.hpp"
#include "definition.hpp"
#include "settings.hpp"

namespace sextant::tokenizer {

/// A sentence for each file, part of tokenizer.json and setting that says otherwise than the
/// tokenizer does, because `rule` does not read it. `saved` is tokenizer.json, null where there is
/// none, and `definition` the tokenizer, complete.
std::vector<std::string> unused_notes(const ClassRule& rule, const TokenizerFiles& files,
                                      const Settings& settings, const TokenizerJson* saved,
                                      const Definition& definition, std::string_view directory);

}  // namespace sextant::tokenizer
