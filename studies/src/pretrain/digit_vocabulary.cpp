#include "sextant/studies/pretrain/digit_vocabulary.hpp"

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"

namespace sextant::studies::pretrain {
namespace {

constexpr const char* end_of_text = "<|endoftext|>";
constexpr const char* newline = "\u010A";  // how byte-level BPE spells byte 0x0A

int id_of(const std::string& token) {
  const auto& names = digit_vocabulary();
  return static_cast<int>(std::find(names.begin(), names.end(), token) - names.begin());
}

/// Appends "x->" or "x:".
void append_query(int x, int pattern, std::vector<int>& tokens) {
  static const int separators[] = {id_of("->"), id_of(":")};  // as in digit_shift_templates
  tokens.push_back(x);
  tokens.push_back(separators[pattern]);
}

/// The first `count` examples, each with its label and line end.
std::vector<int> example_tokens(const generators::DigitShiftTask& task, std::size_t count) {
  static const int line_end = id_of(newline);
  std::vector<int> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    append_query(task.examples[i].x, task.pattern, tokens);
    tokens.push_back(task.examples[i].y);
    tokens.push_back(line_end);
  }
  return tokens;
}

}  // namespace

const std::vector<std::string>& digit_vocabulary() {
  static const std::vector<std::string> names{"0", "1", "2", "3", "4", "5",     "6",  "7",
                                              "8", "9", "-", ":", ">", newline, "->", end_of_text};
  return names;
}

std::vector<int> query_tokens(const generators::DigitShiftTask& task, int query) {
  std::vector<int> tokens = example_tokens(task, task.examples.size());
  append_query(task.queries[static_cast<std::size_t>(query)].x, task.pattern, tokens);
  return tokens;
}

LabelledSequences label_sequences(const std::vector<generators::DigitShiftTask>& tasks) {
  LabelledSequences result;
  for (const auto& task : tasks) {
    if (task.examples.empty()) throw ArgumentError("label_sequences", "tasks", "lack examples");
    auto& tokens = result.tokens.emplace_back(example_tokens(task, task.examples.size() - 1));
    append_query(task.examples.back().x, task.pattern, tokens);
    auto& positions = result.positions.emplace_back();
    auto& next = result.next.emplace_back();
    for (const auto& example : task.examples) {
      positions.push_back(4 * static_cast<int>(next.size()) + 1);
      next.push_back(example.y);
    }
  }
  return result;
}

void write_digit_tokenizer(const std::filesystem::path& directory, int context) {
  io::Json ids = io::Json::object();
  const auto& names = digit_vocabulary();
  for (std::size_t id = 0; id < names.size(); ++id) ids[names[id]] = id;
  io::write_file(directory / "vocab.json", ids.dump() + "\n");
  io::write_file(directory / "merges.txt", "#version: 0.2\n- >\n");
  const io::Json config = {{"tokenizer_class", "GPT2Tokenizer"}, {"add_prefix_space", false},
                           {"bos_token", end_of_text},           {"eos_token", end_of_text},
                           {"unk_token", end_of_text},           {"model_max_length", context}};
  io::write_file(directory / "tokenizer_config.json", config.dump(1) + "\n");
}

}  // namespace sextant::studies::pretrain
