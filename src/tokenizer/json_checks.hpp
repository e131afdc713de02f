#pragma once

/// What the readers of tokenizer.json share.

#include <fmt/format.h>

#include <algorithm>

#include "settings.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/json.hpp"

namespace sextant::tokenizer {

[[noreturn]] inline void fail(const io::JsonObject& json, std::string_view key,
                              std::string_view expectation) {
  throw InputError(json.file(), json.place(key), expectation);
}

/// Throws unless `key` is absent, null or one of `values`.
inline void require(const io::JsonObject& json, std::string_view key,
                    std::initializer_list<io::Json> values) {
  if (!is_given(json, key)) return;
  const io::Json& value = json.at(key);
  if (std::find(values.begin(), values.end(), value) == values.end()) {
    fail(json, key,
         fmt::format("{} is not supported, expected {}", value.dump(), values.begin()->dump()));
  }
}

/// Throws unless the component's type is `type` and its keys are among `keys`.
inline void require_type(const io::JsonObject& json, std::string_view type,
                         std::initializer_list<std::string_view> keys) {
  if (json.string("type") != type) {
    fail(json, "type",
         fmt::format("\"{}\" is not supported here, expected {}", json.string("type"), type));
  }
  json.allow_only(keys);
}

inline bool flag(const io::JsonObject& json, std::string_view key, bool fallback) {
  return is_given(json, key) ? json.boolean(key) : fallback;
}

/// Calls `read` with each part of the component `key`, a sequence's or itself; not at all where it
/// is null or absent. `list` is what a sequence calls its parts.
template <class Read>
void for_parts(const io::JsonObject& top, std::string_view key, std::string_view list,
               const Read& read) {
  if (!is_given(top, key)) return;
  const io::JsonObject part = top.object(key);
  if (part.string("type") != "Sequence") return read(part);
  for (const io::JsonObject& one : part.objects(list)) {
    if (one.string("type") == "Sequence") fail(one, "type", "is a sequence inside a sequence");
    read(one);
  }
}

}  // namespace sextant::tokenizer
