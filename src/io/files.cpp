#include "sextant/io/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sextant/core/errors.hpp"

namespace sextant::io {
namespace fs = std::filesystem;
namespace {

std::string system_message() { return std::strerror(errno); }

/// An open file descriptor of a regular file and its size.
struct OpenFile {
  int descriptor;
  std::size_t size;
};

OpenFile open_regular(const fs::path& path) {
  const int descriptor =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would block
  if (descriptor < 0) {
    throw InputError(path.string(), "", fmt::format("cannot be opened: {}", system_message()));
  }
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    throw InputError(
        path.string(), "",
        S_ISDIR(status.st_mode) ? "is a directory, expected a file" : "is not a regular file");
  }
  return {descriptor, static_cast<std::size_t>(status.st_size)};
}

fs::path beside(const fs::path& path) {
  fs::path result = path;
  result += fmt::format(".partial-{}", ::getpid());
  return result;
}

/// A path without a trailing separator, so that "dir/" and "dir" mean the same.
fs::path without_trailing_separator(const fs::path& path) {
  return path.has_filename() || !path.has_parent_path() ? path : path.parent_path();
}

}  // namespace

std::string read_file(const fs::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

MappedFile::MappedFile(const fs::path& path) {
  const auto [descriptor, size] = open_regular(path);
  size_ = size;
  if (size > 0) {
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      const std::string reason = system_message();
      ::close(descriptor);
      throw InputError(path.string(), "", fmt::format("cannot be mapped: {}", reason));
    }
    data_ = static_cast<const std::byte*>(address);
  }
  ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;
  const auto status = fs::status(path_, ignored);
  if (fs::is_directory(status)) {
    throw InputError(path_.string(), "", "is a directory, expected a file to write");
  }
  const bool direct = fs::exists(status) && !fs::is_regular_file(status);
  temporary_ = direct ? path_ : beside(path_);
  stream_.open(temporary_, std::ios::binary | std::ios::trunc);
  if (!stream_) {
    throw InputError(path_.string(), "", fmt::format("cannot be written: {}", system_message()));
  }
}

AtomicFile::~AtomicFile() {
  if (committed_ || temporary_ == path_) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  stream_.close();
  if (!stream_) {
    throw InputError(path_.string(), "", fmt::format("cannot be written: {}", system_message()));
  }
  if (temporary_ != path_) {
    std::error_code error;
    fs::rename(temporary_, path_, error);
    if (error) {
      throw InputError(path_.string(), "", fmt::format("cannot be written: {}", error.message()));
    }
  }
  committed_ = true;
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.stream().write(content.data(), static_cast<std::streamsize>(content.size()));
  file.commit();
}

AtomicDirectory::AtomicDirectory(const fs::path& path)
    : path_(without_trailing_separator(path)), staging_(beside(path_)) {
  std::error_code error;
  if (fs::exists(path_, error) && !(fs::is_directory(path_) && fs::is_empty(path_))) {
    throw InputError(path_.string(), "", "already exists, expected a new or an empty directory");
  }
  fs::remove_all(staging_, error);
  if (!fs::create_directory(staging_, error)) {
    throw InputError(path_.string(), "", fmt::format("cannot be created: {}", error.message()));
  }
}

AtomicDirectory::~AtomicDirectory() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
}

void AtomicDirectory::commit() {
  std::error_code error;
  fs::rename(staging_, path_, error);
  if (error) {
    throw InputError(path_.string(), "", fmt::format("cannot be created: {}", error.message()));
  }
  committed_ = true;
}

}  // namespace sextant::io
