/// Rows that survive a kill at any byte.

#include "sextant/studies/reproduce/run_log.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/io/files.hpp"
#include "sextant/model/arithmetic.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::studies;
using namespace sextant::studies::reproduce;

namespace {

const std::vector<std::string> columns = {"case", "value"};

Row make(std::size_t index) {
  Random random(1, index);
  return {static_cast<double>(index), random.normal() * std::pow(10.0, random.normal())};
}

}  // namespace

TEST_CASE("numbers read back to the same bits") {
  const test::TemporaryDirectory directory("run-log");
  const auto path = directory.path() / "run.csv";
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Row> rows = {{0, 1.0 / 3}, {1, -1e-310}, {2, 1e300}, {3, nan}};
  {
    RunLog log(path, "settings", columns, false);
    log.append(rows);
  }
  const RunLog again(path, "settings", columns, true);
  REQUIRE(again.rows().size() == 4);
  for (std::size_t i = 0; i < 3; ++i) CHECK(again.rows()[i] == rows[i]);
  CHECK(std::isnan(again.rows()[3][1]));
}

TEST_CASE("cut anywhere and resumed, a run ends in the same bytes") {
  const test::TemporaryDirectory directory("run-resume");
  const auto whole_path = directory.path() / "whole.csv";
  {
    RunLog log(whole_path, "s", columns, false);
    complete(log, 70, make, {});
  }
  const std::string whole = io::read_file(whole_path);
  const auto path = directory.path() / "cut.csv";
  const std::size_t head = whole.find("case,value\n") + 11;
  for (std::size_t size = head; size <= whole.size(); size += 37) {
    io::write_file(path, whole.substr(0, size));
    RunLog log(path, "s", columns, true);
    std::size_t before = 0;
    set_threads(size % 2 == 0 ? 1 : 3);
    complete(log, 70, make, [&](std::size_t, std::size_t kept) { before = kept; });
    CHECK(io::read_file(path) == whole);
    CHECK(before <= 70);
  }
  set_threads(0);
}

TEST_CASE("rows are written while later cases still run, and an error keeps those before it") {
  const test::TemporaryDirectory directory("run-error");
  const auto path = directory.path() / "run.csv";
  RunLog log(path, "s", columns, false);
  set_threads(2);
  const auto failing = [](std::size_t index) {
    if (index == 20) throw ArgumentError("case", "20", "fails");
    return make(index);
  };
  std::size_t reported = 0;
  CHECK_THROWS_AS(complete(log, 70, failing,
                           [&](std::size_t done, std::size_t) {
                             CHECK(done > reported);
                             reported = done;
                           }),
                  ArgumentError);
  set_threads(0);
  CHECK(reported == 20);
  CHECK(RunLog(path, "s", columns, true).rows().size() == 20);
}

TEST_CASE("what does not belong is refused") {
  const test::TemporaryDirectory directory("run-refuse");
  const auto path = directory.path() / "run.csv";
  { RunLog log(path, "s", columns, false); }
  CHECK_THROWS_AS(RunLog(path, "s", columns, false), InputError);
  CHECK_THROWS_AS(RunLog(path, "other", columns, true), InputError);
  CHECK_THROWS_AS(RunLog(path, "s", {"case"}, true), InputError);
  CHECK_THROWS_AS(RunLog(path / "no" / "run.csv", "s", columns, false), InputError);
  const std::string head = io::read_file(path);
  for (const char* damaged : {"1,2,3\n", "1\n", "1,x\n", "\n"}) {
    io::write_file(path, head + damaged);
    CHECK_THROWS_AS(RunLog(path, "s", columns, true), InputError);
  }
  io::write_file(path, head + "1,2\n");
  RunLog log(path, "s", columns, true);
  CHECK_THROWS_AS(log.append({{1}}), ArgumentError);
  CHECK_THROWS_AS(complete(log, 0, make, {}), InputError);
}

TEST_CASE("rows of other BLAS kernels or another vector width are not continued") {
  const test::TemporaryDirectory directory("run-arithmetic");
  const auto path = directory.path() / "run.csv";
  {
    RunLog log(path, "s", columns, false);
    complete(log, 3, make, {});
  }
  const std::string whole = io::read_file(path);
  CHECK(RunLog(path, "s", columns, true).rows().size() == 3);
  const std::string here = model::arithmetic_in_use();
  const std::string kernels = "for " + blas_kernels() + ",";
  const std::string width = "loops for " + model::vector_loops();
  for (const auto& [ours, other] : {std::pair<std::string, std::string>{kernels, "for Barcelona,"},
                                    {width, "loops for x86-64-v9"}}) {
    std::string elsewhere = here;
    REQUIRE(elsewhere.find(ours) != std::string::npos);
    elsewhere.replace(elsewhere.find(ours), ours.size(), other);
    std::string edited = whole;
    edited.replace(edited.find(here), here.size(), elsewhere);
    io::write_file(path, edited);
    CHECK_THROWS_WITH_AS(RunLog(path, "s", columns, true), doctest::Contains(elsewhere.c_str()),
                         InputError);
    CHECK_THROWS_WITH_AS(RunLog(path, "s", columns, true), doctest::Contains(here.c_str()),
                         InputError);
    CHECK(io::read_file(path) == edited);  // nothing is lost
  }
  // Rows of a program that did not say.
  std::string silent = whole;
  silent.erase(silent.find("# computed"), silent.find("case,") - silent.find("# computed"));
  io::write_file(path, silent);
  CHECK_THROWS_WITH_AS(RunLog(path, "s", columns, true), doctest::Contains("unknown BLAS"),
                       InputError);
  // Other settings are what is said first.
  CHECK_THROWS_WITH_AS(RunLog(path, "t", columns, true), doctest::Contains("these settings"),
                       InputError);
}

TEST_CASE("a run with other settings names them and both values") {
  const test::TemporaryDirectory directory("run-settings");
  const auto path = directory.path() / "run.csv";
  RunLog(path, "study: digits, seed 1, examples 16; horizons 0:64", columns, false);
  RunLog(path, "study: digits, seed 1, examples 16; horizons 0:64", columns, true).append({{1, 2}});
  CHECK_THROWS_WITH_AS(
      RunLog(path, "study: digits, seed 2, examples 16; horizons 0:32", columns, true),
      doctest::Contains("is not from a run with these settings (there seed 1, horizons 0:64, here "
                        "seed 2, horizons 0:32); give the same options, or another directory"),
      InputError);
  CHECK_THROWS_WITH_AS(
      RunLog(path, "study: digits, seed 1, examples 16; horizons 0:64", {"case", "other"}, true),
      doctest::Contains("its columns are other ones"), InputError);
}

TEST_CASE("names with commas are quoted, and a run that was stopped in its header starts anew") {
  const test::TemporaryDirectory directory("run-log-header");
  const auto path = directory.path() / "made" / "rows.csv";
  RunLog(path, "settings", {"plain", "with, comma"}, false).append({{1, 2}});
  const std::string whole = io::read_file(path);
  CHECK(whole == "# settings\n# computed with " + model::arithmetic_in_use() +
                     "\nplain,\"with, comma\"\n1,2\n");
  for (const std::size_t kept : {0, 5, 15, 40}) {
    io::write_file(path, whole.substr(0, kept));
    RunLog log(path, "settings", {"plain", "with, comma"}, true);
    CHECK(log.rows().empty());
    log.append({{1, 2}});
    CHECK(io::read_file(path) == whole);
  }
}

TEST_CASE("a directory is one run's at a time, and one experiment's") {
  const test::TemporaryDirectory directory("study-directory");
  const auto out = directory.path() / "out";
  {
    const StudyDirectory held(out, "this");
    CHECK_THROWS_AS(StudyDirectory(out, "this"), InputError);
  }
  CHECK(!std::filesystem::exists(out));  // nothing was written
  CHECK_NOTHROW(StudyDirectory(out, "this"));
  std::filesystem::create_directories(out);
  io::write_file(out / "results.json", "{\"experiment\": \"this\"}");
  CHECK_NOTHROW(StudyDirectory(out, "this"));
  CHECK_THROWS_AS(StudyDirectory(out, "other"), InputError);
  io::write_file(out / "results.json", "{}");
  CHECK_THROWS_AS(StudyDirectory(out, "this"), InputError);
  CHECK_THROWS_AS(StudyDirectory("", "this"), InputError);
}
