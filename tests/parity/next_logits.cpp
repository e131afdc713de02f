// The logits of the token after a text, by a decoder.
//
// Usage: next_logits DIRECTORY COUNT
// Each line in is a JSON string; each line out is a JSON object: its "ids", the "logits" [V] behind
// the last of them, and "continuation", COUNT ids, each of the largest logit behind all before it.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/transformer.hpp"
#include "sextant/tokenizer/load.hpp"

namespace {

using namespace sextant;

std::vector<float> logits_behind(const model::Weights<float>& weights,
                                 const std::vector<int>& ids) {
  const model::TokenBatch batch = model::pack_causal({ids});
  const auto hidden = forward(weights, batch, model::tree_layouts(batch), false).hidden;
  const model::MatrixView<float> head{weights.head, weights.config.width, weights.config.vocabulary,
                                      static_cast<std::size_t>(weights.config.width), true};
  model::Rows<float> logits;
  model::apply<float>(head, nullptr, hidden, logits);
  return {logits.data(), logits.data() + logits.size()};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: next_logits DIRECTORY COUNT < JSON strings, one on each line\n", stderr);
    return 2;
  }
  try {
    const std::filesystem::path directory(argv[1]);
    const auto weights = model::load_weights<float>(directory);
    const auto tokenizer = tokenizer::load_tokenizer(directory);
    if (weights.head == nullptr) {
      throw InputError(directory.string(), "", "is no decoder, which next_logits needs");
    }
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto text = io::parse_json(line, "standard input").get<std::string>();
      const std::vector<int> ids = tokenizer->encode(text, true);
      const std::vector<float> logits = logits_behind(weights, ids);
      std::vector<int> all = ids;
      for (int i = 0; i < std::atoi(argv[2]); ++i) {
        const std::vector<float> next = i == 0 ? logits : logits_behind(weights, all);
        all.push_back(static_cast<int>(std::ranges::max_element(next) - next.begin()));
      }
      const std::vector<int> continuation(all.begin() + static_cast<std::ptrdiff_t>(ids.size()),
                                          all.end());
      std::cout << io::Json{{"ids", ids}, {"logits", logits}, {"continuation", continuation}}.dump()
                << '\n';
    }
  } catch (const Error& error) {
    std::cerr << "next_logits: " << error.what() << '\n';
    return error.exit_status();
  }
}
