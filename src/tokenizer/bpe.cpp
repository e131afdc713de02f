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
  std::vector<int> single;  // ids before anything is joined
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

std::vector<unsigned char> missing_bytes(const Vocabulary& vocabulary) {
  std::vector<unsigned char> missing;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_used = byte != 0xC0 && byte != 0xC1 && byte < 0xF5;  // by UTF-8
    const std::string symbol = byte_symbols(std::string(1, static_cast<char>(byte)));
    if (is_used && !vocabulary.find(symbol)) missing.push_back(static_cast<unsigned char>(byte));
  }
  return missing;
}

Bpe::Bpe(const Definition& definition, const BpeOptions& options)
    : vocabulary_(definition.vocabulary), options_(options) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string symbol = options.byte_level
                                   ? byte_symbols(std::string(1, static_cast<char>(byte)))
                                   : fmt::format("<0x{:02X}>", byte);
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

std::optional<int> Bpe::byte_id(char byte) const {
  const auto value = static_cast<unsigned char>(byte);
  if (byte_ids_[value] >= 0) return byte_ids_[value];
  if (unknown_ || !is_narrow(vocabulary_)) return unknown_;
  throw ArgumentError("encode", "text",
                      value > 0x20 && value < 0x7F
                          ? fmt::format("holds '{}', for which the vocabulary has no token", byte)
                          : fmt::format("holds the byte 0x{:02X}, for which the vocabulary has no "
                                        "token",
                                        value));
}

void Bpe::append_ids(std::string_view text, bool is_first, std::vector<int>& ids) const {
  Workspace work;
  for (const std::string_view piece : split(options_.splits, text)) {
    if (options_.byte_level) {
      append_bytes(piece, work, ids);
    } else if (options_.metaspace) {
      append_marked(piece, is_first && piece.data() == text.data(), work, ids);
    } else {
      append_word(piece, work, ids);
    }
  }
}

void Bpe::append_bytes(std::string_view piece, Workspace& work, std::vector<int>& ids) const {
  std::string spaced;
  if (options_.add_prefix_space && !piece.starts_with(' ')) {
    spaced = ' ' + std::string(piece);
    piece = spaced;
  }
  for (std::size_t begin = 0; begin < piece.size();) {
    const std::size_t end = options_.use_regex ? word_end(piece, begin) : piece.size();
    append_word(piece.substr(begin, end - begin), work, ids);
    begin = end;
  }
}

void Bpe::append_marked(std::string_view piece, bool is_first, Workspace& work,
                        std::vector<int>& ids) const {
  const std::string marked = with_marks(*options_.metaspace, piece, is_first);
  if (!options_.metaspace->splits) return append_word(marked, work, ids);
  const Split before_marks{options_.metaspace->mark, SplitBehavior::merged_with_next, false};
  for (const std::string_view word : split({before_marks}, marked)) append_word(word, work, ids);
}

void Bpe::append_byte_ids(std::string_view word, std::vector<int>& ids) const {
  for (const char byte : word) {
    if (const auto id = byte_id(byte)) ids.push_back(*id);
  }
}

void Bpe::append_character_ids(std::string_view word, std::vector<int>& ids) const {
  bool after_unknown = false;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t begin = at;
    next_code_point(word, at);
    const std::string_view character = word.substr(begin, at - begin);
    if (const auto id = vocabulary_.find(character)) {
      ids.push_back(*id);
      after_unknown = false;
      continue;
    }
    const auto has_byte = [&](char byte) {
      return byte_ids_[static_cast<unsigned char>(byte)] >= 0;
    };
    if (options_.byte_fallback && std::ranges::all_of(character, has_byte)) {
      for (const char byte : character) {
        ids.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
      }
      after_unknown = false;
      continue;
    }
    if (!unknown_) continue;  // left out, as in the reference
    if (!after_unknown || !options_.fuse_unknown) ids.push_back(*unknown_);
    after_unknown = true;
  }
}

void Bpe::append_word(std::string_view word, Workspace& work, std::vector<int>& ids) const {
  if (options_.ignore_merges) {
    if (const auto id =
            options_.byte_level ? vocabulary_.find(byte_symbols(word)) : vocabulary_.find(word)) {
      ids.push_back(*id);
      return;
    }
  }
  std::vector<int>& single = work.single;
  single.clear();
  if (options_.byte_level) {
    append_byte_ids(word, single);
  } else {
    append_character_ids(word, single);
  }
  const int size = static_cast<int>(single.size());
  if (size == 0) return;
  work.symbols.resize(single.size());
  for (int i = 0; i < size; ++i) {
    work.symbol(i) = {single[static_cast<std::size_t>(i)], i - 1, i + 1 < size ? i + 1 : -1};
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
  return decoded(options_.decoder, {names.begin(), names.end()});
}

}  // namespace sextant::tokenizer
