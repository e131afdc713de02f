#include "sextant/io/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "sextant/core/errors.hpp"
#include "sextant/io/content.hpp"

namespace sextant::io {
namespace {

constexpr int max_depth = 64;

std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const auto column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

/// nlohmann's message without its "[json.exception...]" prefix and position, which we give.
std::string bare_message(std::string_view message) {
  if (const auto found = message.find("] "); found != std::string_view::npos) {
    message.remove_prefix(found + 2);
  }
  if (message.starts_with("parse error")) {
    if (const auto found = message.find(": "); found != std::string_view::npos) {
      message.remove_prefix(found + 2);
    }
  }
  return std::string(message);
}

std::string_view kind_of(const Json& value) { return value.type_name(); }

}  // namespace

Json parse_json(std::string_view text, std::string_view file) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > max_depth) {
      throw InputError(file, "", fmt::format("is nested deeper than {} levels", max_depth));
    }
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      if (!keys.back().insert(key).second) {
        throw InputError(file, "", fmt::format("the key \"{}\" appears twice in one object", key));
      }
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    const std::string other = other_content(std::as_bytes(std::span(text)), "JSON");
    if (!other.empty()) throw InputError(file, "", other);
    throw InputError(file, line_and_column(text, error.byte > 0 ? error.byte - 1 : 0),
                     fmt::format("is not valid JSON: {}", bare_message(error.what())));
  } catch (const Json::exception& error) {
    throw InputError(file, "", fmt::format("is not valid JSON: {}", bare_message(error.what())));
  }
}

JsonObject::JsonObject(const Json& value, std::string file, std::string path)
    : value_(&value), file_(std::move(file)), path_(std::move(path)) {
  if (!value.is_object()) {
    throw InputError(file_, path_, fmt::format("is a JSON {}, expected an object", kind_of(value)));
  }
}

std::string JsonObject::place(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void JsonObject::fail(std::string_view key, std::string_view expectation) const {
  throw InputError(file_, place(key),
                   fmt::format("is a JSON {}, expected {}", kind_of(at(key)), expectation));
}

void JsonObject::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, ignored] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      throw InputError(file_, place(key),
                       fmt::format("is an unknown key, expected one of {}", fmt::join(keys, ", ")));
    }
  }
}

bool JsonObject::has(std::string_view key) const { return value_->contains(std::string(key)); }

const Json& JsonObject::at(std::string_view key) const {
  const auto found = value_->find(std::string(key));
  if (found == value_->end()) throw InputError(file_, place(key), "is missing");
  return *found;
}

std::string JsonObject::string(std::string_view key) const {
  const Json& member = at(key);
  if (!member.is_string()) fail(key, "a string");
  return member.get<std::string>();
}

double JsonObject::number(std::string_view key) const {
  const Json& member = at(key);
  if (!member.is_number()) fail(key, "a number");
  const double value = member.get<double>();
  if (!std::isfinite(value)) {
    throw InputError(file_, place(key), fmt::format("is {}, expected a finite number", value));
  }
  return value;
}

long long JsonObject::integer(std::string_view key, long long low, long long high) const {
  const Json& member = at(key);
  const bool in_range =
      member.is_number_unsigned()
          ? high >= 0 && member.get<std::uint64_t>() <= static_cast<std::uint64_t>(high)
          : true;
  if (!member.is_number_integer() || !in_range || member.get<long long>() < low ||
      member.get<long long>() > high) {
    throw InputError(
        file_, place(key),
        fmt::format("is {}, expected an integer between {} and {}", member.dump(), low, high));
  }
  return member.get<long long>();
}

bool JsonObject::boolean(std::string_view key) const {
  const Json& member = at(key);
  if (!member.is_boolean()) fail(key, "true or false");
  return member.get<bool>();
}

JsonObject JsonObject::object(std::string_view key) const { return {at(key), file_, place(key)}; }

std::vector<JsonObject> JsonObject::objects(std::string_view key) const {
  const Json& member = at(key);
  if (!member.is_array()) fail(key, "an array of objects");
  std::vector<JsonObject> result;
  result.reserve(member.size());
  for (std::size_t i = 0; i < member.size(); ++i) {
    result.emplace_back(member[i], file_, fmt::format("{}[{}]", place(key), i));
  }
  return result;
}

std::vector<std::string> JsonObject::strings(std::string_view key) const {
  const Json& member = at(key);
  if (!member.is_array()) fail(key, "an array of strings");
  std::vector<std::string> result;
  result.reserve(member.size());
  for (std::size_t i = 0; i < member.size(); ++i) {
    if (!member[i].is_string()) {
      throw InputError(file_, fmt::format("{}[{}]", place(key), i),
                       fmt::format("is a JSON {}, expected a string", kind_of(member[i])));
    }
    result.push_back(member[i].get<std::string>());
  }
  return result;
}

}  // namespace sextant::io
