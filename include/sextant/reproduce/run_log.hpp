#pragma once

/// Rows of numbers that a long run writes as it goes, and reads again when it is resumed.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sextant::reproduce {

using Row = std::vector<double>;

/// The directory of a run, made where it does not exist and held until destruction, so that no
/// second process writes there at the same time.
class StudyDirectory {
 public:
  /// Throws `InputError` when the directory cannot be made, is held by another process, or holds
  /// the results.json of another experiment (its key "experiment").
  StudyDirectory(const std::filesystem::path& directory, const std::string& experiment);
  ~StudyDirectory();
  StudyDirectory(const StudyDirectory&) = delete;
  StudyDirectory& operator=(const StudyDirectory&) = delete;

 private:
  int descriptor_ = -1;
};

/// A CSV file: a comment line with the run's settings, a header, and one row per finished case in
/// order. Columns' names hold no quotes. Numbers are written so that they read back to the same
/// bits ("nan" for missing ones).
class RunLog {
 public:
  /// Starts a file (and its directory), or with `resume` continues one that exists: its complete
  /// rows are kept, a torn last line is dropped. Throws `InputError` when the file exists without
  /// `resume`, was made with other settings or columns, is damaged, or cannot be written.
  RunLog(std::filesystem::path path, const std::string& settings, std::vector<std::string> columns,
         bool resume);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<Row>& rows() const { return rows_; }

  /// Appends rows of one value per column and hands them to the system at once.
  void append(const std::vector<Row>& rows);

 private:
  void read(const std::string& settings);

  std::filesystem::path path_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

/// Brings `log` to `count` rows: calls `make(case)` for the cases that are missing, on all threads,
/// and appends them in order, some at a time. `on_progress(done, before)` is called after each
/// piece; `before` of the rows were there at the start. The result does not depend on the threads
/// or on where an earlier run stopped.
void complete(RunLog& log, std::size_t count, const std::function<Row(std::size_t)>& make,
              const std::function<void(std::size_t done, std::size_t before)>& on_progress);

}  // namespace sextant::reproduce
