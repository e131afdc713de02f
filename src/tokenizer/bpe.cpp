#include "bpe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "byte_level.hpp"
#include "sextant/core/errors.hpp"
#include "unicode.hpp"

namespace sextant::tokenizer {
namespace {

std::uint64_t pair_key(int left, int right) {
  return (static_cast<std::uint64_t>(left) << 32) | static_cast<std::uint32_t>(right);
}

/// A token of the word so far, in a doubly linked list.
struct Symbol {
  int id = 0;  ///< Negative once it is part of the symbol before it.
  int previous = -1;
  int next = -1;
};

/// A pair that could be joined when it was queued. The top of the queue has the lowest rank.
struct Candidate {
  int rank = 0;
  int position = 0;
  int id = 0;
  bool operator<(const Candidate& other) const {
    return std::tie(rank, position) > std::tie(other.rank, other.position);
  }
};

}  // namespace

/// What joining one word needs, kept for the next word.
struct Bpe::Workspace {
  std::vector<Symbol> symbols;
  std::vector<Candidate> queue;  // a heap

  Symbol& symbol(int i) { return symbols[static_cast<std::size_t>(i)]; }
  void push(const Candidate& candidate) {
    queue.push_back(candidate);
    std::push_heap(queue.begin(), queue.end());
  }
  Candidate pop() {
    std::pop_heap(queue.begin(), queue.end());
    const Candidate top = queue.back();
    queue.pop_back();
    return top;
  }
};

Bpe::Bpe(const Definition& definition, const BpeOptions& options)
    : vocabulary_(definition.vocabulary), options_(options) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string symbol = byte_symbols(std::string(1, static_cast<char>(byte)));
    byte_ids_[static_cast<std::size_t>(byte)] = vocabulary_.find(symbol).value_or(-1);
  }
  if (options.unknown) {
    unknown_ = vocabulary_.find(*options.unknown);
    if (!unknown_) {
      throw InputError(definition.file, "model.unk_token",
                       fmt::format("\"{}\" is not in the vocabulary", *options.unknown));
    }
  }
  joins_.reserve(definition.merges.size());
  int rank = 0;
  for (const Merge& merge : definition.merges) {
    const auto id_of = [&](const std::string& token) {
      if (const auto id = vocabulary_.find(token)) return *id;
      throw InputError(definition.merges_file, merge.place,
                       fmt::format("needs the token \"{}\", which the vocabulary lacks", token));
    };
    const int left = id_of(merge.left);
    const int right = id_of(merge.right);
    joins_[pair_key(left, right)] = {rank++, id_of(merge.left + merge.right)};
  }
}

const Bpe::Join* Bpe::find_join(int left, int right) const {
  const auto found = joins_.find(pair_key(left, right));
  return found == joins_.end() ? nullptr : &found->second;
}

int Bpe::byte_id(char byte) const {
  const auto value = static_cast<unsigned char>(byte);
  if (byte_ids_[value] >= 0) return byte_ids_[value];
  if (unknown_) return *unknown_;
  throw ArgumentError("encode", "text",
                      value > 0x20 && value < 0x7F
                          ? fmt::format("holds '{}', for which the vocabulary has no token", byte)
                          : fmt::format("holds the byte 0x{:02X}, for which the vocabulary has no "
                                        "token",
                                        value));
}

void Bpe::append_ids(std::string_view text, std::vector<int>& ids) const {
  std::string spaced;
  if (options_.add_prefix_space && !text.starts_with(' ')) {
    spaced = ' ' + std::string(text);
    text = spaced;
  }
  Workspace work;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = options_.use_regex ? word_end(text, begin) : text.size();
    append_word(text.substr(begin, end - begin), work, ids);
    begin = end;
  }
}

void Bpe::append_word(std::string_view word, Workspace& work, std::vector<int>& ids) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_.find(byte_symbols(word))) {
      ids.push_back(*id);
      return;
    }
  }
  const int size = static_cast<int>(word.size());
  work.symbols.resize(word.size());
  for (int i = 0; i < size; ++i) {
    const int next = i + 1 < size ? i + 1 : -1;
    work.symbol(i) = {byte_id(word[static_cast<std::size_t>(i)]), i - 1, next};
  }
  const auto consider = [&](int i) {
    if (i < 0 || work.symbol(i).next < 0) return;
    const Symbol& left = work.symbol(i);
    if (const Join* join = find_join(left.id, work.symbol(left.next).id)) {
      work.push({join->rank, i, join->id});
    }
  };
  for (int i = 0; i + 1 < size; ++i) consider(i);
  while (!work.queue.empty()) {
    const Candidate best = work.pop();
    Symbol& left = work.symbol(best.position);
    if (left.id < 0 || left.next < 0) continue;
    Symbol& right = work.symbol(left.next);
    const Join* join = find_join(left.id, right.id);  // the pair may have changed since
    if (join == nullptr || join->id != best.id) continue;
    left.id = best.id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) work.symbol(left.next).previous = best.position;
    consider(left.previous);
    consider(best.position);
  }
  for (int i = 0; i >= 0; i = work.symbol(i).next) ids.push_back(work.symbol(i).id);
}

std::string Bpe::joined(std::span<const std::string_view> names) const {
  std::string bytes;
  for (const std::string_view name : names) {
    std::string raw;
    for (std::size_t at = 0; at < name.size();) {
      const auto byte = symbol_byte(next_code_point(name, at));
      if (!byte) {  // an added token, which is text as it stands
        raw = name;
        break;
      }
      raw += static_cast<char>(*byte);
    }
    bytes += raw;
  }
  return replace_invalid_utf8(bytes);
}

}  // namespace sextant::tokenizer
