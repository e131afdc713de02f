#pragma once

/// Whole files in, memory-mapped files in, atomic files and directories out.

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <span>
#include <string>

namespace sextant::io {

/// The whole file as bytes. Throws `InputError` when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// A read-only memory mapping of a regular file, unmapped on destruction. Movable, not copyable.
class MappedFile {
 public:
  /// Throws `InputError` when `path` is not a readable regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file that appears under its name only when `commit` is called: written beside its place and
/// renamed. Without `commit` nothing is left behind. A target that exists and is not a regular file
/// (a terminal, /dev/null) is written directly.
class AtomicFile {
 public:
  /// Throws `InputError` when the target's directory cannot be written.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  std::ostream& stream() { return stream_; }
  /// Flushes and renames. Throws `InputError` when any write failed.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::ofstream stream_;
  bool committed_ = false;
};

/// Writes `content` to `path` atomically.
void write_file(const std::filesystem::path& path, std::string_view content);

/// A directory that appears under its name only when `commit` is called. The target must not exist
/// or be an empty directory: nothing is ever overwritten.
class AtomicDirectory {
 public:
  /// Throws `InputError` when the target exists and is not empty, or cannot be created.
  explicit AtomicDirectory(const std::filesystem::path& path);
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;

  /// Where to put the contents until `commit`.
  const std::filesystem::path& staging() const { return staging_; }
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path staging_;
  bool committed_ = false;
};

}  // namespace sextant::io
