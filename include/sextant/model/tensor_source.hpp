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

/// model.safetensors, or all shards that model.safetensors.index.json names.
class TensorSource {
 public:
  /// Throws `InputError` when files are missing, damaged, or disagree with the index.
  explicit TensorSource(const std::filesystem::path& directory);

  struct Found {
    const io::SafetensorsFile* file = nullptr;
    const io::TensorInfo* tensor = nullptr;
  };
  /// Looks for `name`, with and without the family's prefix, and for BERT under the old names of
  /// layer norm parameters (gamma, beta). Null members when it is not there.
  Found find(const std::string& name, Family family) const;

  const std::vector<std::shared_ptr<const io::SafetensorsFile>>& files() const { return files_; }
  /// For messages: the single file, or the index.
  const std::string& label() const { return label_; }

 private:
  Found find_exactly(const std::string& name) const;

  std::vector<std::shared_ptr<const io::SafetensorsFile>> files_;
  std::map<std::string, Found, std::less<>> tensors_;
  std::string label_;
};

}  // namespace sextant::model
