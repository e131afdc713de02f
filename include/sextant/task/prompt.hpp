#pragma once

/// Prompt files: labelled examples and queries for a decoder or an encoder.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sextant::task {

/// How examples and queries become text. "{x}" and "{y}" are replaced; "{{" and "}}" stand for one
/// brace each. The label's text follows a rendered query directly.
struct PromptTemplate {
  std::string example = {};  ///< Holds {x} and {y}, e.g. "{x}->{y}\n"; may be empty with `alone`.
  std::string query = {};    ///< Holds {x} and not {y}, e.g. "{x}->".
};

/// One answer that a decoder may give.
struct Label {
  std::string text = {};  ///< Not empty; one token after every query.
  double value = 0;       ///< What the answer is worth in the readout.
};

struct DecoderExample {
  std::string x = {};
  std::string y = {};  ///< The text of one of the labels.
};

struct DecoderQuery {
  std::string x = {};
  std::optional<std::string> y = {};
};

/// What an example's prediction reads before the query template with its own x.
enum class Supervision {
  leave_one_out,  ///< All other examples, in their order.
  /// The examples before it, so that one text supervises all of its labels: for prompts of
  /// thousands of examples. The text is cut into windows where the model's context is full.
  every_label,
  alone  ///< Nothing, and neither does a query: no label is seen, and `example` is not needed.
};
/// "leave-one-out", "every-label", "alone".
std::string_view name_of(Supervision supervision);
/// The one with this name, if any.
std::optional<Supervision> supervision_from_name(std::string_view name);

/// Examples for a causal model that continues text.
struct DecoderPrompt {
  PromptTemplate pattern = {};
  Supervision supervision = Supervision::leave_one_out;
  std::vector<Label> labels = {};
  std::vector<DecoderExample> examples = {};
  std::vector<DecoderQuery> queries = {};
};

struct EncoderExample {
  std::string text = {};
  double y = 0;
};

struct EncoderQuery {
  std::string text = {};
  std::optional<double> y = {};
};

/// Labelled texts for an encoder with a linear head.
struct EncoderPrompt {
  std::vector<EncoderExample> examples = {};
  std::vector<EncoderQuery> queries = {};
};

using Prompt = std::variant<DecoderPrompt, EncoderPrompt>;

/// Parses a prompt file's JSON. A file with "template" or "labels" is a decoder's:
///
///     {"template": {"example": "{x}->{y}\n", "query": "{x}->"},
///      "labels":   [{"text": "0", "value": 0.0}, {"text": "1", "value": 1.0}],
///      "examples": [{"x": "3", "y": "1"}, ...], "queries": [{"x": "5", "y": "0"}, {"x": "6"}]}
///
/// with the optional key "supervision": "leave-one-out" (the default), "every-label" or "alone",
/// with which "example" is optional; any other is an encoder's:
///
///     {"examples": [{"text": "...", "y": 1.0}, ...], "queries": [{"text": "..."}, ...]}
///
/// y is optional in queries; "queries" may be absent or empty. Throws `InputError` naming `file`
/// and the place for invalid JSON, missing or unknown keys, wrong types, and whatever
/// `check_prompt` rejects.
Prompt parse_prompt(std::string_view json, std::string_view file);

/// `parse_prompt` of a file. Throws `InputError` also when it cannot be read.
Prompt load_prompt(const std::filesystem::path& path);

/// The rules that go beyond types. Throws `InputError` when there are fewer than two examples, a
/// placeholder is missing or unknown, a label is empty, repeated or not finite, all labels have the
/// same value, a y is not among the labels, or all examples have the same target (nothing to
/// learn).
void check_prompt(const DecoderPrompt& prompt, std::string_view file);
void check_prompt(const EncoderPrompt& prompt, std::string_view file);

/// The prompt as JSON that `parse_prompt` reads back to equal values.
std::string format_prompt(const Prompt& prompt);

/// `pattern` with {x} and {y} filled in. The inserted texts are not scanned for placeholders.
/// Throws `ArgumentError` when `pattern` is not a valid template.
std::string render_example(const PromptTemplate& pattern, std::string_view x, std::string_view y);
std::string render_query(const PromptTemplate& pattern, std::string_view x);

}  // namespace sextant::task
