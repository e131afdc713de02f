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

/// model.safetensors, or all shards that model.safetensors.index.json names and that are there. A
/// tensor lies where the index says, or, where that is not so, in the first shard that holds it.
class TensorSource {
 public:
  /// Throws `InputError` when there are no weights, naming other formats that lie there, and for a
  /// file that is damaged. Entries of the index without a tensor matter only to who asks for them.
  explicit TensorSource(const std::filesystem::path& directory);

  struct Found {
    const io::SafetensorsFile* file = nullptr;
    const io::TensorInfo* tensor = nullptr;
  };
  /// Looks for `name`, with and without the family's prefix, and for BERT under the old names of
  /// layer norm parameters (gamma, beta). Null members when it is not there.
  Found find(const std::string& name, Family family) const;
  /// The same, or an `InputError` that says where the index promises the tensor, if it does.
  Found at(const std::string& name, Family family) const;
  /// Whether the index names the tensor, and no file that is there holds it.
  bool promises(const std::string& name, Family family) const;
  /// Lets `name` stand for a tensor that is there under another name.
  void add_alias(const std::string& name, const Found& tensor) { tensors_[name] = tensor; }

  /// Every tensor by the name it is found under.
  const std::map<std::string, Found, std::less<>>& all() const { return tensors_; }
  const std::vector<std::shared_ptr<const io::SafetensorsFile>>& files() const { return files_; }
  /// For messages: the single file, or the index.
  const std::string& label() const { return label_; }

 private:
  Found find_exactly(const std::string& name) const;

  std::vector<std::shared_ptr<const io::SafetensorsFile>> files_;
  std::map<std::string, Found, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> absent_;  ///< In the index alone: its shard.
  std::string label_;
};

}  // namespace sextant::model
