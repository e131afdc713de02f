#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "added_tokens.hpp"
#include "vocabulary.hpp"

namespace sextant::tokenizer {

/// An added token as a file declares it.
struct DeclaredToken {
  AddedToken token;
  std::optional<int> id;           ///< As the file says it, where it does.
  std::optional<bool> normalized;  ///< Follows from `token.special` where the file is silent.
  std::string file;                ///< Where it stands, for messages.
  std::string place;
  bool is_object = false;  ///< Declared with flags, not as a string.

  /// The token with every flag decided.
  AddedToken decided() const;
};

/// The tokens that are looked for in the text itself, beside those of a model.
///
/// A token that the model has keeps its id. Others get ids behind the number of the model's tokens
/// and behind the largest id of an added token that is not below that number: where the model's ids
/// leave holes, such an id can belong to a token of the model too, as in the reference.
class AddedVocabulary {
 public:
  /// Adds `tokens` in their order, in place of added tokens of the same content. Throws
  /// `InputError` for a token without content and where the id declared is not the one it gets.
  /// Returns a sentence for each new token whose id a token of the model has too.
  std::vector<std::string> add(const std::vector<DeclaredToken>& tokens, const Vocabulary& model);

  /// The id of an added token.
  std::optional<int> find(std::string_view content) const;
  /// The added tokens by their ids.
  const std::map<int, AddedToken>& tokens() const { return tokens_; }
  /// Whether a token of this content was ever added as a special one.
  bool is_special(std::string_view content) const { return special_.contains(content); }

 private:
  std::map<std::string, int, std::less<>> ids_;
  std::map<int, AddedToken> tokens_;
  std::set<std::string, std::less<>> special_;
};

}  // namespace sextant::tokenizer
