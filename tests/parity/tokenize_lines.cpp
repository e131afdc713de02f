// Tokenises the lines of standard input with the tokenizer of a model directory.
//
// Usage: tokenize_lines DIRECTORY
// Each line in is a JSON string; each line out is a JSON object: "ids" without and "special" with
// the special tokens, "text" and "plain" what "special" decodes to with and without them.

#include <cstdio>
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
    const auto tokenizer = sextant::tokenizer::load_tokenizer(argv[1]);
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
