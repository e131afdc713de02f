#include <fmt/format.h>

#include <algorithm>

#include "definition.hpp"
#include "sextant/core/errors.hpp"
#include "unicode.hpp"

namespace sextant::tokenizer {
namespace {

/// Calls `use(line, number)` for every line, without its end, numbered from 1.
template <class Use>
void for_each_line(std::string_view text, const std::string& file, Use use) {
  if (!is_utf8(text)) throw InputError(file, "", "is not valid UTF-8");
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

Definition read_gpt2(const TokenizerFiles& files, std::string_view directory) {
  Definition definition;
  definition.file = file_in(directory, "vocab.json");
  definition.merges_file = file_in(directory, "merges.txt");
  definition.model = BpeOptions();
  const io::Json json = io::parse_json(*files.vocab_json, definition.file);
  definition.vocabulary = read_vocabulary(io::JsonObject(json, definition.file), "");
  definition.merges = read_merges(*files.merges, definition.merges_file);
  return definition;
}

Definition read_bert(const TokenizerFiles& files, std::string_view directory) {
  Definition definition;
  definition.file = file_in(directory, "vocab.txt");
  definition.model = WordPieceOptions();
  for_each_line(*files.vocab_txt, definition.file, [&](std::string_view line, std::size_t number) {
    if (!definition.vocabulary.add(std::string(line))) {
      throw InputError(definition.file, fmt::format("line {}", number),
                       fmt::format("repeats the token \"{}\"", line));
    }
  });
  if (definition.vocabulary.size() == 0) throw InputError(definition.file, "", "has no tokens");
  return definition;
}

}  // namespace

Definition read_vocabulary_files(const TokenizerFiles& files, std::string_view directory) {
  if (files.vocab_json && files.vocab_txt) {
    throw InputError(directory, "",
                     "holds both vocab.json and vocab.txt and no tokenizer.json to choose by");
  }
  if (files.vocab_txt) return read_bert(files, directory);
  if (files.vocab_json && files.merges) return read_gpt2(files, directory);
  throw InputError(directory, "",
                   "holds no tokenizer, expected tokenizer.json, vocab.json with merges.txt, or "
                   "vocab.txt");
}

}  // namespace sextant::tokenizer
