#pragma once

/// Strict JSON: errors name file and place, duplicate and unknown keys are rejected.

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::io {

using Json = nlohmann::json;

/// Parses UTF-8 JSON. Throws `InputError` naming `file` with line and column on a syntax error, a
/// duplicate key, a number out of range, invalid UTF-8, or nesting deeper than 64; what is no JSON
/// at all is named where `other_content` knows it.
Json parse_json(std::string_view text, std::string_view file);

/// A read-only view of one JSON object that knows where it stands in its file, so that each error
/// names the place ("examples[3].x"). Every accessor throws `InputError`.
class JsonObject {
 public:
  /// Throws unless `value` is an object. `path` is its place, empty for the top level.
  /// The view refers to `value`, which must outlive it.
  JsonObject(const Json& value, std::string file, std::string path = {});

  /// Throws for the first key that is not one of `keys`, listing those that are allowed.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  bool has(std::string_view key) const;
  /// The member itself. Throws when it is missing.
  const Json& at(std::string_view key) const;
  std::string string(std::string_view key) const;
  /// A finite number.
  double number(std::string_view key) const;
  /// An integer in [low, high].
  long long integer(std::string_view key, long long low, long long high) const;
  bool boolean(std::string_view key) const;
  JsonObject object(std::string_view key) const;
  /// An array whose elements are all objects.
  std::vector<JsonObject> objects(std::string_view key) const;
  /// An array whose elements are all strings.
  std::vector<std::string> strings(std::string_view key) const;

  /// The place of `key` below this object, as it appears in messages.
  std::string place(std::string_view key) const;
  const std::string& file() const { return file_; }
  const Json& value() const { return *value_; }

 private:
  [[noreturn]] void fail(std::string_view key, std::string_view expectation) const;

  const Json* value_;
  std::string file_;
  std::string path_;
};

}  // namespace sextant::io
