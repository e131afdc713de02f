#pragma once

/// Runs the program in a directory of its own and looks at what it leaves there.

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sextant/geometry/file.hpp"
#include "sextant/io/files.hpp"
#include "support/model_directory.hpp"
#include "support/random_geometry.hpp"

namespace sextant::test {

struct Outcome {
  int status = -1;
  std::string output;
  std::string errors;  ///< Every message on one line: the program wraps them.
  std::string wrapped_errors;
};

class ProgramRuns {
 public:
  explicit ProgramRuns(const std::string& name) : directory_(name) {
    std::filesystem::create_directory(path("work"));
  }

  /// A path in the directory; the program's working directory is "work" below it.
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

  /// Runs `sextant arguments`, the arguments in the shell's syntax, with the file `input` as
  /// standard input.
  Outcome run(const std::string& arguments, const std::string& input = "/dev/null") const {
    const std::string command = "cd '" + path("work") + "' && '" SEXTANT_PROGRAM "' " + arguments +
                                " >'" + path("output") + "' 2>'" + path("errors") + "' <'" + input +
                                "'";
    const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe)
    const std::string errors = io::read_file(path("errors"));
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, io::read_file(path("output")),
            unwrapped(errors), errors};
  }

  /// What runs have left in the working directory, by name; directories with their files.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path("work"))) {
      names.push_back(std::filesystem::relative(entry.path(), path("work")).string());
    }
    std::ranges::sort(names);
    return names;
  }

 private:
  /// A message begins with the program's name; what follows on further lines belongs to it.
  static std::string unwrapped(std::string text) {
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
      const bool last = at + 1 == text.size();
      if (!last && text.compare(at + 1, 8, "sextant:") != 0) text[at] = ' ';
    }
    return text;
  }

  TemporaryDirectory directory_;
};

inline const std::string decoder = SEXTANT_SOURCE_DIR "/models/digits-gpt2";
inline const std::string decoder_prompt = decoder + "/demo-clean.json";

/// A random model of rows with two layers, six features and four classes.
inline void write_row_model(const std::string& directory) {
  std::filesystem::create_directories(directory);
  write_model(directory, random_parameters<float>(small_config(model::Family::rows, 2, 2, 12), 1));
}

/// The JSON of `sextant arguments`, which must succeed.
inline nlohmann::json json_of(const ProgramRuns& runs, const std::string& arguments) {
  const Outcome outcome = runs.run(arguments + " --json -");
  REQUIRE_MESSAGE(outcome.status == 0, outcome.errors);
  return nlohmann::json::parse(outcome.output);
}

/// `sextant arguments` ends with `status`, says `message`, prints no result and leaves no file.
/// Returns what it said.
inline std::string check_fails(const ProgramRuns& runs, const std::string& arguments, int status,
                               const std::string& message) {
  CAPTURE(arguments);
  const Outcome outcome = runs.run(arguments);
  CHECK(outcome.status == status);
  CHECK(outcome.output.empty());
  CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
  CHECK_MESSAGE(outcome.errors.find("sextant: ") == 0, outcome.errors);
  CHECK(runs.left().empty());
  return outcome.errors;
}

}  // namespace sextant::test
