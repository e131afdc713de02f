#include "sextant/studies/reproduce/run_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <mutex>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/model/arithmetic.hpp"

namespace sextant::studies::reproduce {
namespace {

constexpr std::size_t first_line = 4;  // of the rows, after settings, arithmetic and columns
constexpr std::string_view computed_with = "# computed with ";

std::string head_of(const std::string& settings, const std::vector<std::string>& columns) {
  std::vector<std::string> cells;
  for (const std::string& column : columns) {
    cells.push_back(column.find(',') == std::string::npos ? column : '"' + column + '"');
  }
  return fmt::format("# {}\n{}{}\n{}\n", settings, computed_with, model::arithmetic_in_use(),
                     fmt::join(cells, ","));
}

/// What is wrong with continuing `content`, rows of the same settings; empty when they were
/// computed as rows of this run would be.
std::string other_arithmetic(std::string_view content, const std::string& settings) {
  const std::string first = fmt::format("# {}\n", settings);
  if (!content.starts_with(first)) return {};
  content.remove_prefix(first.size());
  const std::string_view line = content.substr(0, content.find('\n'));
  return model::arithmetic_difference(
      line.starts_with(computed_with) ? line.substr(computed_with.size()) : std::string_view());
}

/// "seed 1" and the like: what commas and semicolons separate.
std::vector<std::string_view> parts_of(std::string_view settings) {
  std::vector<std::string_view> parts;
  while (!settings.empty()) {
    const std::size_t end = std::min(settings.find_first_of(",;"), settings.size());
    std::string_view part = settings.substr(0, end);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    if (!part.empty()) parts.push_back(part);
    settings.remove_prefix(std::min(end + 1, settings.size()));
  }
  return parts;
}

/// The settings of the file's first line and of this run that the other has not.
std::string other_settings(std::string_view content, std::string_view settings) {
  std::string_view line = content.substr(0, content.find('\n'));
  if (!line.starts_with("# ")) return "its first line gives none";
  line.remove_prefix(2);
  const auto there = parts_of(line);
  const auto here = parts_of(settings);
  const auto only_in = [](const auto& parts, const auto& others) {
    std::vector<std::string_view> result;
    std::ranges::copy_if(parts, std::back_inserter(result), [&](std::string_view part) {
      return std::ranges::find(others, part) == others.end();
    });
    return result.empty() ? "nothing else" : fmt::format("{}", fmt::join(result, ", "));
  };
  if (line == settings) return "its columns are other ones";
  return fmt::format("there {}, here {}", only_in(there, here), only_in(here, there));
}

void make_directory(const std::filesystem::path& directory) {
  if (directory.empty()) throw InputError("", "the directory's name", "is empty");
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw InputError(directory.string(), "", "cannot be made: " + error.message());
}

/// Empty when the line is not `count` numbers.
Row parse_row(std::string_view line, std::size_t count) {
  Row row;
  const char* next = line.data();
  const char* const end = next + line.size();
  while (row.size() < count) {
    double value = 0;
    const auto [after, error] = std::from_chars(next, end, value);
    const bool last = row.size() + 1 == count;
    if (error != std::errc() || (last ? after != end : after == end || *after != ',')) return {};
    row.push_back(value);
    next = after + 1;
  }
  return row;
}

}  // namespace

StudyDirectory::StudyDirectory(const std::filesystem::path& directory,
                               const std::string& experiment) {
  const std::string name = directory.string();
  std::error_code unknown;
  if (!std::filesystem::exists(directory, unknown)) made_ = directory;
  make_directory(directory);
  const auto results = directory / "results.json";
  if (std::filesystem::exists(results)) {
    const auto json = io::parse_json(io::read_file(results), results.string());
    const auto found = json.find("experiment");
    if (found == json.end() || *found != experiment) {
      throw InputError(results.string(), "",
                       "is the result of another experiment; give another directory");
    }
  }
  descriptor_ = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw InputError(name, "", "is used by another run at the moment");
  }
}

StudyDirectory::~StudyDirectory() {
  ::close(descriptor_);
  if (made_.empty()) return;
  std::error_code not_empty;
  std::filesystem::remove(made_, not_empty);
}

RunLog::RunLog(std::filesystem::path path, const std::string& settings,
               std::vector<std::string> columns, bool resume)
    : path_(std::move(path)), columns_(std::move(columns)) {
  make_directory(path_.parent_path());
  if (std::filesystem::exists(path_)) {
    if (!resume) {
      throw InputError(path_.string(), "", "already exists; --resume continues this run");
    }
    read(settings);
  }
  // Whole rows only, so that appending starts on a new line.
  std::string content = head_of(settings, columns_);
  for (const Row& row : rows_) content += fmt::format("{}\n", fmt::join(row, ","));
  io::write_file(path_, content);
}

void RunLog::read(const std::string& settings) {
  const std::string content = io::read_file(path_);
  const std::string head = head_of(settings, columns_);
  if (head.starts_with(content)) return;  // stopped before the first row
  if (!content.starts_with(head)) {
    const std::string other = other_arithmetic(content, settings);
    if (!other.empty()) throw InputError(path_.string(), "line 2", other);
    throw InputError(path_.string(), "line 1",
                     fmt::format("is not from a run with these settings ({}); give the same "
                                 "options, or another directory",
                                 other_settings(content, settings)));
  }
  std::size_t begin = head.size();
  for (std::size_t line = first_line;; ++line) {
    const std::size_t end = content.find('\n', begin);
    if (end == std::string::npos) return;  // nothing, or a torn line
    Row row = parse_row(std::string_view(content).substr(begin, end - begin), columns_.size());
    if (row.empty()) {
      throw InputError(path_.string(), fmt::format("line {}", line),
                       fmt::format("is not {} numbers", columns_.size()));
    }
    rows_.push_back(std::move(row));
    begin = end + 1;
  }
}

void RunLog::append(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    check_size("RunLog::append", "row", row.size(), columns_.size());
    text += fmt::format("{}\n", fmt::join(row, ","));
  }
  std::ofstream file(path_, std::ios::binary | std::ios::app);
  file << text << std::flush;
  if (!file) throw InputError(path_.string(), "", "cannot be written");
  rows_.insert(rows_.end(), rows.begin(), rows.end());
}

void complete(RunLog& log, std::size_t count, const std::function<Row(std::size_t)>& make,
              const std::function<void(std::size_t, std::size_t)>& on_progress) {
  const std::size_t before = log.rows().size();
  if (before > count) {
    throw InputError(log.path().string(), "",
                     fmt::format("has {} rows, more than the {} asked for", before, count));
  }
  std::vector<Row> made(count - before);
  std::mutex mutex;
  parallel_for(static_cast<std::ptrdiff_t>(made.size()), [&](std::ptrdiff_t i) {
    const auto index = static_cast<std::size_t>(i);
    Row row = make(before + index);
    const std::lock_guard lock(mutex);
    made[index] = std::move(row);
    std::vector<Row> next;
    for (std::size_t at = log.rows().size() - before; at < made.size() && !made[at].empty(); ++at) {
      next.push_back(std::move(made[at]));
    }
    if (next.empty()) return;
    log.append(next);
    if (on_progress) on_progress(log.rows().size(), before);
  });
}

std::vector<Row> run_part(const RunOptions& options, std::string_view part,
                          const std::string& settings, std::vector<std::string> columns,
                          std::size_t count, const std::function<Row(std::size_t)>& make,
                          const IsCase& is_case) {
  RunLog log(options.out / fmt::format("{}.csv", part), settings, std::move(columns),
             options.resume);
  for (std::size_t i = 0; is_case && i < std::min(log.rows().size(), count); ++i) {
    if (is_case(i, log.rows()[i])) continue;
    throw InputError(log.path().string(), fmt::format("line {}", i + first_line),
                     fmt::format("is not a row that case {} of this run can have", i + 1));
  }
  complete(log, count, make, [&](std::size_t done, std::size_t before) {
    if (options.on_progress) options.on_progress(part, done, count, before);
  });
  return log.rows();
}

}  // namespace sextant::studies::reproduce
