#include "sextant/task/encoded_prompt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/content.hpp"

namespace sextant::task {
namespace {

using Tokens = std::vector<int>;
using tokenizer::Tokenizer;

/// "examples[3]" for i < n, then "queries[0]", ...
std::string place_of(std::size_t i, std::size_t n) {
  return i < n ? fmt::format("examples[{}]", i) : fmt::format("queries[{}]", i - n);
}

/// The tokens from `begin` on, by name, for messages.
std::string token_names(const Tokenizer& tokenizer, const Tokens& tokens, std::size_t begin) {
  constexpr std::size_t most = 8;
  std::string names;
  for (std::size_t i = begin; i < tokens.size() && i < begin + most; ++i) {
    names += fmt::format("{}\"{}\"", i == begin ? "" : " ", tokenizer.token(tokens[i]));
  }
  if (tokens.size() > begin + most) names += " ...";
  return names.empty() ? "no token" : names;
}

Tokens encode_text(const Tokenizer& tokenizer, std::string_view text, const std::string& place,
                   std::string_view file) {
  Tokens tokens;
  try {
    tokens = tokenizer.encode(text, true);
  } catch (const ArgumentError& error) {
    throw InputError(file, place, std::string(error.problem()));
  }
  if (tokens.empty()) throw InputError(file, place, "gives a text without any token");
  return tokens;
}

/// The one token that `label` is after `text`, whose tokens are `base`.
int label_token(const Tokenizer& tokenizer, const Label& label, std::string_view text,
                const Tokens& base, const std::string& place, std::string_view file) {
  const Tokens longer = encode_text(tokenizer, std::string(text) + label.text, place, file);
  if (longer.size() == base.size() + 1 && std::equal(base.begin(), base.end(), longer.begin())) {
    return longer.back();
  }
  const auto [base_end, longer_end] =
      std::mismatch(base.begin(), base.end(), longer.begin(), longer.end());
  const auto shared = static_cast<std::size_t>(base_end - base.begin());
  throw InputError(
      file, place,
      fmt::format("the label \"{}\" must be exactly one token after the query text, but the text "
                  "ends in {} without the label and in {} with it",
                  label.text, token_names(tokenizer, base, std::min(shared, base.size() - 1)),
                  token_names(tokenizer, longer, std::min(shared, base.size() - 1))));
}

/// The texts of a prompt's sequences: n of examples, then m of queries.
class SequenceTexts {
 public:
  SequenceTexts(const DecoderPrompt& prompt, const Tokenizer& tokenizer, std::string_view file,
                std::size_t context_length)
      : prompt_(prompt), tokenizer_(tokenizer), file_(file), context_length_(context_length) {
    const bool in_context = prompt.supervision != Supervision::alone;
    for (const DecoderExample& example : prompt.examples) {
      blocks_.push_back(in_context ? render_example(prompt.pattern, example.x, example.y)
                                   : std::string());
    }
    if (prompt.supervision == Supervision::every_label) find_windows();
  }

  std::string text(std::size_t i) const {
    const std::size_t n = blocks_.size();
    if (i >= n) return joined(first_of_query(i - n), n) + query(i);
    if (prompt_.supervision == Supervision::every_label) {
      return joined(window_starts_[i], i) + query(i);
    }
    return joined(0, i) + joined(i + 1, n) + query(i);
  }

 private:
  std::string joined(std::size_t begin, std::size_t end) const {
    std::string text;
    for (std::size_t j = begin; j < end; ++j) text += blocks_[j];
    return text;
  }

  std::string query(std::size_t i) const {
    const std::size_t n = blocks_.size();
    return render_query(prompt_.pattern, i < n ? prompt_.examples[i].x : prompt_.queries[i - n].x);
  }

  bool fits(const std::string& text, std::size_t i) const {
    return encode_text(tokenizer_, text, place_of(i, blocks_.size()), file_).size() <=
           context_length_;
  }

  void find_windows() {
    std::size_t start = 0;
    std::string text;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (start < i && !fits(text + query(i), i)) {
        start = i;
        text.clear();
      }
      window_starts_.push_back(start);
      text += blocks_[i];
    }
  }

  /// The first example that query j reads: with every label supervised the smallest that leaves
  /// room for the rest, otherwise the first of all.
  std::size_t first_of_query(std::size_t j) const {
    const std::size_t n = blocks_.size();
    if (prompt_.supervision != Supervision::every_label) return 0;
    std::size_t low = 0;
    std::size_t high = n;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (fits(joined(middle, n) + query(n + j), n + j)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  const DecoderPrompt& prompt_;
  const Tokenizer& tokenizer_;
  std::string_view file_;
  std::size_t context_length_;
  std::vector<std::string> blocks_;
  std::vector<std::size_t> window_starts_;
};

double value_of(const DecoderPrompt& prompt, std::string_view text) {
  return std::find_if(prompt.labels.begin(), prompt.labels.end(),
                      [&](const Label& label) { return label.text == text; })
      ->value;
}

/// Puts `count` sequences' tokens where they belong.
void store(std::vector<Tokens> tokens, std::size_t n, EncodedPrompt& result) {
  const auto middle = tokens.begin() + static_cast<std::ptrdiff_t>(n);
  result.example_tokens.assign(std::make_move_iterator(tokens.begin()),
                               std::make_move_iterator(middle));
  result.query_tokens.assign(std::make_move_iterator(middle),
                             std::make_move_iterator(tokens.end()));
}

void check_labels_agree(const DecoderPrompt& prompt, const std::vector<Tokens>& label_tokens,
                        const Tokenizer& tokenizer, std::string_view file) {
  const Tokens& first = label_tokens.front();
  for (std::size_t l = 0; l < first.size(); ++l) {
    const auto twin =
        std::find(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(l), first[l]);
    const auto earlier = static_cast<std::size_t>(twin - first.begin());
    if (earlier < l) {
      throw InputError(
          file, fmt::format("labels[{}].text", l),
          fmt::format("\"{}\" is the same token \"{}\" as label \"{}\"", prompt.labels[l].text,
                      tokenizer.token(first[l]), prompt.labels[earlier].text));
    }
    for (std::size_t i = 1; i < label_tokens.size(); ++i) {
      if (label_tokens[i][l] == first[l]) continue;
      throw InputError(file, place_of(i, prompt.examples.size()),
                       fmt::format("the label \"{}\" is the token \"{}\" here but \"{}\" after {}",
                                   prompt.labels[l].text, tokenizer.token(label_tokens[i][l]),
                                   tokenizer.token(first[l]), place_of(0, prompt.examples.size())));
    }
  }
}

}  // namespace

model::TokenBatch pack(const EncodedPrompt& prompt,
                       const std::vector<std::vector<int>>& sequences) {
  if (prompt.table != nullptr) return model::pack_rows(prompt.table, sequences);
  return prompt.causal ? model::pack_causal(sequences) : model::pack_bidirectional(sequences);
}

namespace {

/// A prompt made in memory need not be UTF-8, unlike one that was read from a file.
void check_is_utf8(std::string_view text, const std::string& place, std::string_view file) {
  const std::string problem = io::utf8_problem(text);
  if (!problem.empty()) throw InputError(file, place, problem);
}

void check_texts(const DecoderPrompt& prompt, std::string_view file) {
  check_is_utf8(prompt.pattern.example, "template.example", file);
  check_is_utf8(prompt.pattern.query, "template.query", file);
  for (std::size_t l = 0; l < prompt.labels.size(); ++l) {
    check_is_utf8(prompt.labels[l].text, fmt::format("labels[{}].text", l), file);
  }
  const std::size_t n = prompt.examples.size();
  for (std::size_t i = 0; i < n; ++i) {
    check_is_utf8(prompt.examples[i].x, place_of(i, n) + ".x", file);
    check_is_utf8(prompt.examples[i].y, place_of(i, n) + ".y", file);
  }
  for (std::size_t i = 0; i < prompt.queries.size(); ++i) {
    check_is_utf8(prompt.queries[i].x, place_of(n + i, n) + ".x", file);
    if (prompt.queries[i].y) check_is_utf8(*prompt.queries[i].y, place_of(n + i, n) + ".y", file);
  }
}

void check_texts(const EncoderPrompt& prompt, std::string_view file) {
  const std::size_t n = prompt.examples.size();
  for (std::size_t i = 0; i < n; ++i) {
    check_is_utf8(prompt.examples[i].text, place_of(i, n) + ".text", file);
  }
  for (std::size_t i = 0; i < prompt.queries.size(); ++i) {
    check_is_utf8(prompt.queries[i].text, place_of(n + i, n) + ".text", file);
  }
}

}  // namespace

EncodedPrompt encode(const DecoderPrompt& prompt, const Tokenizer& tokenizer, std::string_view file,
                     std::size_t context_length) {
  check_texts(prompt, file);
  check_prompt(prompt, file);
  const std::size_t n = prompt.examples.size();
  const SequenceTexts texts(prompt, tokenizer, file, context_length);
  std::vector<Tokens> tokens(n + prompt.queries.size());
  std::vector<Tokens> label_tokens(tokens.size());
  parallel_for(static_cast<std::ptrdiff_t>(tokens.size()), [&](std::ptrdiff_t index) {
    const auto i = static_cast<std::size_t>(index);
    const std::string text = texts.text(i);
    const std::string place = place_of(i, n);
    tokens[i] = encode_text(tokenizer, text, place, file);
    for (const Label& label : prompt.labels) {
      label_tokens[i].push_back(label_token(tokenizer, label, text, tokens[i], place, file));
    }
  });
  check_labels_agree(prompt, label_tokens, tokenizer, file);

  EncodedPrompt result;
  result.causal = true;
  result.label_tokens = label_tokens.front();
  for (const Label& label : prompt.labels) result.label_values.push_back(label.value);
  for (const auto& example : prompt.examples) {
    result.example_targets.push_back(value_of(prompt, example.y));
  }
  for (const auto& query : prompt.queries) {
    result.query_targets.push_back(query.y ? std::optional(value_of(prompt, *query.y))
                                           : std::nullopt);
  }
  store(std::move(tokens), n, result);
  return result;
}

EncodedPrompt encode(const EncoderPrompt& prompt, const Tokenizer& tokenizer,
                     std::string_view file) {
  check_texts(prompt, file);
  check_prompt(prompt, file);
  const std::size_t n = prompt.examples.size();
  std::vector<Tokens> tokens(n + prompt.queries.size());
  parallel_for(static_cast<std::ptrdiff_t>(tokens.size()), [&](std::ptrdiff_t index) {
    const auto i = static_cast<std::size_t>(index);
    const std::string& text = i < n ? prompt.examples[i].text : prompt.queries[i - n].text;
    tokens[i] = encode_text(tokenizer, text, place_of(i, n), file);
  });
  EncodedPrompt result;
  for (const auto& example : prompt.examples) result.example_targets.push_back(example.y);
  for (const auto& query : prompt.queries) result.query_targets.push_back(query.y);
  store(std::move(tokens), n, result);
  return result;
}

EncodedPrompt encode(const Prompt& prompt, const Tokenizer& tokenizer, std::string_view file,
                     std::size_t context_length) {
  if (const auto* decoder = std::get_if<DecoderPrompt>(&prompt)) {
    return encode(*decoder, tokenizer, file, context_length);
  }
  return encode(std::get<EncoderPrompt>(prompt), tokenizer, file);
}

void check_context_length(const EncodedPrompt& prompt, std::size_t context_length,
                          std::string_view file) {
  const std::size_t n = prompt.example_tokens.size();
  for (std::size_t i = 0; i < n + prompt.query_tokens.size(); ++i) {
    const Tokens& tokens = i < n ? prompt.example_tokens[i] : prompt.query_tokens[i - n];
    if (tokens.size() > context_length) {
      throw InputError(file, place_of(i, n),
                       fmt::format("needs {} tokens, but the model's context holds {}",
                                   tokens.size(), context_length));
    }
  }
}

}  // namespace sextant::task
