// Tokenises the lines of standard input with the tokenizer of a model directory.
//
// Usage: tokenize_lines DIRECTORY
// The first line out is a JSON object: "class" and "notes" of the tokenizer, and the release of
// transformers, "reference", whose tokens are meant. Each line in is a JSON string; each further
// line out is a JSON object: "ids" without and "special" with the special tokens, "text" and
// "plain" what "special" decodes to with and without them.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/io/json.hpp"
#include "sextant/tokenizer/load.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: tokenize_lines DIRECTORY < JSON strings, one on each line\n", stderr);
    return 2;
  }
  try {
    const auto reading = sextant::tokenizer::read_tokenizer(std::filesystem::path(argv[1]));
    const auto& tokenizer = reading.tokenizer;
    const sextant::io::Json head = {{"class", reading.class_name},
                                    {"notes", reading.notes},
                                    {"reference", sextant::tokenizer::reference_release}};
    std::cout << head.dump() << '\n';
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto text = sextant::io::parse_json(line, "standard input").get<std::string>();
      const auto special = tokenizer->encode(text, true);
      const sextant::io::Json result = {{"ids", tokenizer->encode(text, false)},
                                        {"special", special},
                                        {"text", tokenizer->decode(special, false)},
                                        {"plain", tokenizer->decode(special, true)}};
      std::cout << result.dump() << '\n';
    }
  } catch (const sextant::Error& error) {
    std::cerr << "tokenize_lines: " << error.what() << '\n';
    return error.exit_status();
  }
}
