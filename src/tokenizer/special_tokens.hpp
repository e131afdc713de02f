#pragma once

#include "class_rules.hpp"
#include "definition.hpp"
#include "settings.hpp"

namespace sextant::tokenizer {

/// Adds the tokens that the files declare, in the order in which `rule` gives them ids. `saved` is
/// tokenizer.json, null where there is none. Appends to `notes`. Throws `InputError`.
void add_declared_tokens(const ClassRule& rule, const Settings& settings,
                         const TokenizerJson* saved, Definition& definition,
                         std::vector<std::string>& notes);

/// The content of the token with `role`, declared or default; empty where there is none.
std::string role_content(const ClassRule& rule, const Settings& settings, std::string_view role);

/// The id of the token with `role`. Throws `InputError` where there is none.
int role_id(const ClassRule& rule, const Settings& settings, std::string_view role,
            const Definition& definition);

}  // namespace sextant::tokenizer
