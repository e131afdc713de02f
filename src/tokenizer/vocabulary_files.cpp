#include <fmt/format.h>

#include <algorithm>

#include "definition.hpp"
#include "settings.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/content.hpp"

namespace sextant::tokenizer {
namespace {

/// Calls `use(line, number)` for every line, without its end, numbered from 1.
template <class Use>
void for_each_line(std::string_view text, const std::string& file, Use use) {
  const std::string problem = io::utf8_problem(text);
  if (!problem.empty()) throw InputError(file, "", problem);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    use(line, number);
  }
}

std::vector<Merge> read_merges(std::string_view text, const std::string& file) {
  std::vector<Merge> merges;
  for_each_line(text, file, [&](std::string_view line, std::size_t number) {
    if (line.starts_with("#version")) return;
    const std::string place = fmt::format("line {}", number);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      throw InputError(file, place, "must be two tokens with one space between them");
    }
    merges.push_back(
        {std::string(line.substr(0, space)), std::string(line.substr(space + 1)), place});
  });
  return merges;
}

/// The lines whose tokens stand again further down.
struct Repeated {
  std::size_t lines = 0;
  std::string first;  ///< Such a token.
};

}  // namespace

void read_byte_level_files(const TokenizerFiles& files, std::string_view directory,
                           Definition& definition) {
  definition.file = file_in(directory, "vocab.json");
  definition.merges_file = file_in(directory, "merges.txt");
  const io::Json json = io::parse_json(*files.vocab_json, definition.file);
  definition.vocabulary = read_vocabulary(io::JsonObject(json, definition.file), "");
  definition.merges = read_merges(*files.merges, definition.merges_file);
}

void read_word_piece_file(const TokenizerFiles& files, std::string_view directory,
                          Definition& definition, std::vector<std::string>& notes) {
  definition.file = file_in(directory, "vocab.txt");
  Repeated repeated;
  for_each_line(*files.vocab_txt, definition.file, [&](std::string_view line, std::size_t number) {
    while (!line.empty()) {
      std::size_t end = line.size();
      if (!is_white_space(previous_code_point(line, end))) break;
      line = line.substr(0, end);
    }
    if (definition.vocabulary.find(line) && repeated.lines++ == 0) repeated.first = line;
    definition.vocabulary.set(std::string(line), static_cast<int>(number) - 1);
  });
  if (definition.vocabulary.size() == 0) throw InputError(definition.file, "", "has no tokens");
  if (repeated.lines > 0) {
    notes.push_back(fmt::format(
        "{}: {} a token that stands again further down, \"{}\" for one; the last line counts",
        definition.file,
        repeated.lines == 1 ? "1 line holds" : fmt::format("{} lines hold", repeated.lines),
        repeated.first));
  }
}

}  // namespace sextant::tokenizer
