#pragma once

/// Rows of numbers that a long run writes as it goes, and reads again when it is resumed.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::studies::reproduce {

using Row = std::vector<double>;

/// The directory of a run, made where it does not exist and held until destruction, so that no
/// second process writes there at the same time. One that was made and stayed empty is removed.
class StudyDirectory {
 public:
  /// Throws `InputError` when the directory cannot be made, is held by another process, or holds
  /// the results.json of another experiment (its key "experiment").
  StudyDirectory(const std::filesystem::path& directory, const std::string& experiment);
  ~StudyDirectory();
  StudyDirectory(const StudyDirectory&) = delete;
  StudyDirectory& operator=(const StudyDirectory&) = delete;

 private:
  std::filesystem::path made_;  // empty when it was there before
  int descriptor_ = -1;
};

/// A CSV file: two comment lines with the run's settings and with the BLAS kernels and vector width
/// that compute it (`model::arithmetic_in_use`), a header, and one row per finished case in order.
/// Columns' names hold no quotes. Numbers are written so that they read back to the same bits
/// ("nan" for missing ones).
class RunLog {
 public:
  /// Starts a file (and its directory), or with `resume` continues one that exists: its complete
  /// rows are kept, a torn last line is dropped. Throws `InputError` when the file exists without
  /// `resume`, was made with other settings, columns, BLAS kernels or vector width, is damaged, or
  /// cannot be written.
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
/// and appends each as soon as all before it are there. `on_progress(done, before)` is called after
/// every write, from any thread but one at a time; `before` of the rows were there at the start.
/// The result does not depend on the threads or on where an earlier run stopped. Throws
/// `InputError` when the log has more rows than that, and what `make` throws.
void complete(RunLog& log, std::size_t count, const std::function<Row(std::size_t)>& make,
              const std::function<void(std::size_t done, std::size_t before)>& on_progress);

/// Called as cases are finished: which part, how many of how many, how many before this run.
using PartProgress = std::function<void(std::string_view part, std::size_t done, std::size_t count,
                                        std::size_t before)>;

/// What every run takes that can be stopped and continued.
struct RunOptions {
  std::filesystem::path out;  ///< Directory of its CSV files.
  bool resume = false;        ///< Continue what is there, rather than refuse to overwrite it.
  PartProgress on_progress;   ///< May be empty.
};

/// Whether a row that an earlier run left can be that of case `index`.
using IsCase = std::function<bool(std::size_t index, const Row& row)>;

/// One part of a run: out/PART.csv, brought to `count` rows, which are returned. Throws as `RunLog`
/// and `complete`, and `InputError` for a row that was there before and is not `is_case` (where
/// given).
std::vector<Row> run_part(const RunOptions& options, std::string_view part,
                          const std::string& settings, std::vector<std::string> columns,
                          std::size_t count, const std::function<Row(std::size_t)>& make,
                          const IsCase& is_case = {});

}  // namespace sextant::studies::reproduce
