#include "sextant/task/prompt.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "label_range.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/number_range.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "template.hpp"

namespace sextant::task {
namespace {

using io::Json;
using io::JsonObject;

DecoderPrompt parse_decoder(const JsonObject& top) {
  top.allow_only({"template", "labels", "examples", "queries", "supervision"});
  DecoderPrompt prompt;
  if (top.has("supervision")) {
    const std::string name = top.string("supervision");
    const auto supervision = supervision_from_name(name);
    if (!supervision) {
      throw InputError(
          top.file(), top.place("supervision"),
          fmt::format("is \"{}\", expected \"leave-one-out\", \"every-label\" or \"alone\"", name));
    }
    prompt.supervision = *supervision;
  }
  const JsonObject pattern = top.object("template");
  pattern.allow_only({"example", "query"});
  if (pattern.has("example") || prompt.supervision != Supervision::alone) {
    prompt.pattern.example = pattern.string("example");
  }
  prompt.pattern.query = pattern.string("query");
  for (const JsonObject& label : top.objects("labels")) {
    label.allow_only({"text", "value"});
    prompt.labels.push_back({label.string("text"), label.number("value")});
  }
  for (const JsonObject& example : top.objects("examples")) {
    example.allow_only({"x", "y"});
    prompt.examples.push_back({example.string("x"), example.string("y")});
  }
  if (!top.has("queries")) return prompt;
  for (const JsonObject& query : top.objects("queries")) {
    query.allow_only({"x", "y"});
    prompt.queries.push_back({query.string("x"), {}});
    if (query.has("y")) prompt.queries.back().y = query.string("y");
  }
  return prompt;
}

EncoderPrompt parse_encoder(const JsonObject& top) {
  top.allow_only({"examples", "queries"});
  EncoderPrompt prompt;
  for (const JsonObject& example : top.objects("examples")) {
    if (example.has("x")) {
      throw InputError(top.file(), example.place("x"),
                       "belongs to a decoder's prompt, which also needs \"template\" and "
                       "\"labels\"; an encoder's example has text and y");
    }
    example.allow_only({"text", "y"});
    prompt.examples.push_back({example.string("text"), example.number("y")});
  }
  if (!top.has("queries")) return prompt;
  for (const JsonObject& query : top.objects("queries")) {
    query.allow_only({"text", "y"});
    prompt.queries.push_back({query.string("text"), {}});
    if (query.has("y")) prompt.queries.back().y = query.number("y");
  }
  return prompt;
}

void check_templates(const DecoderPrompt& prompt, std::string_view file) {
  const auto check = [&](std::string_view text, std::string_view place, bool with_y) {
    const ExpandedTemplate expanded = expand_template(text, "", "");
    if (!expanded.problem.empty()) throw InputError(file, place, expanded.problem);
    if (expanded.x_count == 0) throw InputError(file, place, "lacks the placeholder {x}");
    if (with_y && expanded.y_count == 0) throw InputError(file, place, "lacks the placeholder {y}");
    if (!with_y && expanded.y_count > 0) {
      throw InputError(file, place,
                       "has the placeholder {y}, but a query ends where y would stand");
    }
  };
  const bool needs_example =
      prompt.supervision != Supervision::alone || !prompt.pattern.example.empty();
  if (needs_example) check(prompt.pattern.example, "template.example", true);
  check(prompt.pattern.query, "template.query", false);
}

/// Throws unless |value| is 0 or `least` to `largest_label`.
void check_label_range(double value, double least, std::string_view file, std::string_view place) {
  const std::string problem = beyond_range(value, rescale_labels, least, largest_label, 32);
  if (!problem.empty()) throw InputError(file, place, problem);
}

/// The same for all, the largest of which may not be too small either. `place(i)` is that of i.
template <class Place>
void check_label_ranges(const std::vector<double>& values, std::string_view file,
                        const Place& place) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    check_label_range(values[i], 0, file, place(i));
    if (std::abs(values[i]) > std::abs(values[largest])) largest = i;
  }
  if (!values.empty()) check_label_range(values[largest], smallest_label, file, place(largest));
}

void check_labels(const std::vector<Label>& labels, std::string_view file) {
  if (labels.empty()) throw InputError(file, "labels", "is empty, expected at least two labels");
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto place = [&](std::string_view key) { return fmt::format("labels[{}].{}", i, key); };
    if (labels[i].text.empty()) throw InputError(file, place("text"), "is empty");
    if (!texts.insert(labels[i].text).second) {
      throw InputError(file, place("text"),
                       fmt::format("\"{}\" is already the text of another label", labels[i].text));
    }
    if (!std::isfinite(labels[i].value)) {
      throw InputError(file, place("value"),
                       fmt::format("is {}, expected a finite number", labels[i].value));
    }
  }
  std::vector<double> values;
  for (const Label& label : labels) values.push_back(label.value);
  check_label_ranges(values, file,
                     [](std::size_t i) { return fmt::format("labels[{}].value", i); });
  const double first = labels.front().value;
  if (std::all_of(labels.begin(), labels.end(), [&](const auto& l) { return l.value == first; })) {
    throw InputError(file, "labels",
                     fmt::format("all have the value {}, expected at least two values", first));
  }
}

/// The value of the label with this text.
double label_value(const DecoderPrompt& prompt, std::string_view text, std::string_view place,
                   std::string_view file) {
  for (const Label& label : prompt.labels) {
    if (label.text == text) return label.value;
  }
  std::vector<std::string_view> known;
  for (const Label& label : prompt.labels) known.push_back(label.text);
  throw InputError(file, place,
                   fmt::format("\"{}\" is not a label, expected one of \"{}\"", text,
                               fmt::join(known, "\", \"")));
}

void check_targets(const std::vector<double>& targets, std::string_view file) {
  if (targets.size() < 2) {
    throw InputError(file, "examples",
                     targets.empty()
                         ? "is empty, expected at least two examples"
                         : "holds one example, expected at least two: it is predicted from the "
                           "others, and one residual does not tell signal from noise");
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!std::isfinite(targets[i])) {
      throw InputError(file, fmt::format("examples[{}].y", i),
                       fmt::format("is {}, expected a finite number", targets[i]));
    }
  }
  check_label_ranges(targets, file, [](std::size_t i) { return fmt::format("examples[{}].y", i); });
  const bool constant = std::all_of(targets.begin(), targets.end(),
                                    [&](double target) { return target == targets.front(); });
  if (constant) {
    throw InputError(file, "examples",
                     fmt::format("all {} targets are {}, so there is nothing to learn",
                                 targets.size(), targets.front()));
  }
}

}  // namespace

std::string_view name_of(Supervision supervision) {
  switch (supervision) {
    case Supervision::every_label:
      return "every-label";
    case Supervision::alone:
      return "alone";
    default:
      return "leave-one-out";
  }
}

std::optional<Supervision> supervision_from_name(std::string_view name) {
  for (const auto one :
       {Supervision::leave_one_out, Supervision::every_label, Supervision::alone}) {
    if (name_of(one) == name) return one;
  }
  return std::nullopt;
}

Prompt parse_prompt(std::string_view json, std::string_view file) {
  const Json parsed = io::parse_json(json, file);
  const JsonObject top(parsed, std::string(file));
  const auto checked = [&](auto prompt) -> Prompt {
    check_prompt(prompt, file);
    return prompt;
  };
  if (top.has("template") || top.has("labels")) return checked(parse_decoder(top));
  return checked(parse_encoder(top));
}

Prompt load_prompt(const std::filesystem::path& path) {
  return parse_prompt(io::read_file(path), path.string());
}

void check_prompt(const DecoderPrompt& prompt, std::string_view file) {
  check_templates(prompt, file);
  check_labels(prompt.labels, file);
  std::vector<double> targets;
  for (std::size_t i = 0; i < prompt.examples.size(); ++i) {
    targets.push_back(
        label_value(prompt, prompt.examples[i].y, fmt::format("examples[{}].y", i), file));
  }
  check_targets(targets, file);
  for (std::size_t i = 0; i < prompt.queries.size(); ++i) {
    const auto& y = prompt.queries[i].y;
    if (y) label_value(prompt, *y, fmt::format("queries[{}].y", i), file);
  }
}

void check_prompt(const EncoderPrompt& prompt, std::string_view file) {
  std::vector<double> targets;
  for (const EncoderExample& example : prompt.examples) targets.push_back(example.y);
  check_targets(targets, file);
  for (std::size_t i = 0; i < prompt.queries.size(); ++i) {
    const auto& y = prompt.queries[i].y;
    if (y && !std::isfinite(*y)) {
      throw InputError(file, fmt::format("queries[{}].y", i),
                       fmt::format("is {}, expected a finite number", *y));
    }
    if (y) check_label_range(*y, 0, file, fmt::format("queries[{}].y", i));
  }
}

namespace {

Json json_of(const DecoderPrompt& prompt) {
  Json json = {{"template", {{"query", prompt.pattern.query}}},
               {"labels", Json::array()},
               {"examples", Json::array()},
               {"queries", Json::array()}};
  if (!prompt.pattern.example.empty()) json["template"]["example"] = prompt.pattern.example;
  if (prompt.supervision != Supervision::leave_one_out) {
    json["supervision"] = name_of(prompt.supervision);
  }
  for (const auto& [text, value] : prompt.labels) {
    json["labels"].push_back({{"text", text}, {"value", value}});
  }
  for (const auto& [x, y] : prompt.examples) json["examples"].push_back({{"x", x}, {"y", y}});
  for (const auto& [x, y] : prompt.queries) {
    json["queries"].push_back({{"x", x}});
    if (y) json["queries"].back()["y"] = *y;
  }
  return json;
}

Json json_of(const EncoderPrompt& prompt) {
  Json json = {{"examples", Json::array()}, {"queries", Json::array()}};
  for (const auto& [text, y] : prompt.examples)
    json["examples"].push_back({{"text", text}, {"y", y}});
  for (const auto& [text, y] : prompt.queries) {
    json["queries"].push_back({{"text", text}});
    if (y) json["queries"].back()["y"] = *y;
  }
  return json;
}

}  // namespace

std::string format_prompt(const Prompt& prompt) {
  return std::visit([](const auto& kind) { return json_of(kind).dump(1) + "\n"; }, prompt);
}

}  // namespace sextant::task
