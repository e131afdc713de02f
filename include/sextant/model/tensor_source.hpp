#pragma once

/// The tensors of a model directory, whichever files they lie in.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sextant/io/safetensors.hpp"
#include "sextant/model/config.hpp"

namespace sextant::model {

/// The names under which a parameter may lie in a file: with and without the family's prefix, and
/// for BERT under the old names of layer norm parameters (gamma, beta). Where a file has several,
/// the first one counts, which is the one that transformers 5 takes: it goes through the names in
/// alphabetical order and keeps the first (transformer.wte.weight before wte.weight, but
/// h.0.ln_1.weight before transformer.h.0.ln_1.weight).
std::vector<std::string> spellings(const std::string& name, Family family);

/// model.safetensors, or, without one, all shards that model.safetensors.index.json names and that
/// are there. Of a tensor that several shards hold, the one of the last shard by name counts,
/// wherever the index has it: so transformers 5 loads them.
class TensorSource {
 public:
  /// Throws `InputError` when there are no weights, naming other formats that lie there, and for a
  /// file that is damaged. Shards without the index are refused, as in transformers. Entries of the
  /// index without a tensor matter only to who asks for them.
  explicit TensorSource(const std::filesystem::path& directory);

  struct Found {
    const io::SafetensorsFile* file = nullptr;
    const io::TensorInfo* tensor = nullptr;
  };
  /// The first of the `spellings` of `name` that is there. Null members when none is.
  Found find(const std::string& name, Family family) const;
  /// The same, or an `InputError` that says where the index promises the tensor, if it does.
  Found at(const std::string& name, Family family) const;
  /// Whether the index has the tensor in a file that is not there, and no other file holds it. An
  /// entry for a tensor that its file lacks, without harm in transformers, does not count.
  bool may_lie_in_missing_file(const std::string& name, Family family) const;
  /// Whether the index has the tensor and no file holds it.
  bool is_promised(const std::string& name, Family family) const;
  /// Lets `name` stand for a tensor that is there under another name.
  void add_alias(const std::string& name, const Found& tensor) { tensors_[name] = tensor; }

  /// Every tensor by the name it is found under.
  const std::map<std::string, Found, std::less<>>& all() const { return tensors_; }
  const std::vector<std::shared_ptr<const io::SafetensorsFile>>& files() const { return files_; }
  /// What was decided where the files disagree: one sentence each. See `DirectoryNotes`.
  const std::vector<std::string>& readings() const { return readings_; }
  /// For messages: the single file, or the index.
  const std::string& label() const { return label_; }

 private:
  void open(const std::filesystem::path& path);
  Found find_exactly(const std::string& name) const;
  std::string other_prefix(const std::string& name) const;

  std::vector<std::shared_ptr<const io::SafetensorsFile>> files_;
  std::map<std::string, Found, std::less<>> tensors_;
  /// A tensor that is in the index alone.
  struct Absent {
    std::string why;
    bool no_shard = false;  ///< Whether its file is missing as a whole.
  };
  std::map<std::string, Absent, std::less<>> absent_;
  std::string label_;
  std::vector<std::string> readings_;
};

/// Whether two tensors have one shape and the same values; false for two types of which one is not
/// read (`io::ElementType`). Cost: one pass over both.
bool same_values(const TensorSource::Found& a, const TensorSource::Found& b);

}  // namespace sextant::model
