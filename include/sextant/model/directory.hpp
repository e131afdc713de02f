#pragma once

/// A model directory as a whole: configuration and tensors fitted to each other, and what lies
/// there and is not used.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sextant/model/config.hpp"
#include "sextant/model/tensor_source.hpp"

namespace sextant::model {

/// A file, some tensors or a setting that lie in a model directory and are not used.
struct NotUsed {
  std::string name;    ///< "pooler", "h.12.* ... h.23.*", "rope_scaling".
  std::string reason;  ///< What it is, and why it has no effect, in a few words.
  /// Whether another program would predict differently for it, or it is not known to be harmless.
  bool matters = true;
};

/// "pooler: a head that ..."
std::string sentence(const NotUsed& part);

/// What a reader of a model directory should know.
struct DirectoryNotes {
  /// What was decided where the files disagree: one sentence each.
  std::vector<std::string> readings;
  std::vector<NotUsed> files;
  std::vector<NotUsed> tensors;
  std::vector<NotUsed> settings;

  /// The names of what matters in one line, "pooler, cls and 2 more"; empty for nothing.
  std::string unused_line() const;
};

/// An opened model directory.
struct ModelDirectory {
  std::filesystem::path path;
  ModelConfig config;  ///< `tied_head` as the tensors have it.
  TensorSource tensors;
  std::vector<std::string> readings;  ///< See `DirectoryNotes`.
};

/// Reads config.json and the headers of the weights. Where a decoder's config.json ties the head to
/// the embedding, or is silent and its family ties it, the tensors decide, as in transformers 5: an
/// lm_head.weight with other values than the embedding is the head (with a word in `readings`), and
/// the only one of the two there serves as both. Throws what `read_config` and `TensorSource`
/// throw, and `InputError` for weights of fewer layers than config.json asks for. Cost: headers,
/// and one pass over two tensors where both are there.
ModelDirectory open_directory(const std::filesystem::path& path);

/// What lies in the directory and is not used; buffers, copies and documents that cannot matter are
/// left out. A setting that is null or empty counts as absent. Tokenizer files are the tokenizer's,
/// heads and pooling settings of an encoder its readout's. Reads small files only.
DirectoryNotes directory_notes(const ModelDirectory& directory);

/// Whether a file of this name holds weights, in any format.
bool is_weights_file(std::string_view name);

/// Throws `InputError` when `path` is no directory, with the remedy where it looks like the name of
/// a model of the Hugging Face hub, a file of a model or a cache of the hub, when config.json is
/// missing (naming the directories below that have one), and when its configuration or tokenizer is
/// a Git LFS pointer or a web page.
void check_directory(const std::filesystem::path& path);

}  // namespace sextant::model
