#include "program/standard_input.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "sextant/core/errors.hpp"

namespace sextant::apps {
namespace {

constexpr std::string_view readable[] = {"--geometry",  "--prompt", "--csv",
                                         "--query-csv", "--data",   "path"};

}  // namespace

bool is_standard_input(const std::filesystem::path& path) { return path == "-"; }

std::string input_name(const std::string& path) {
  return is_standard_input(path) ? standard_input_name : path;
}

std::string read_standard_input(const std::string& expected) {
  std::string content;
  std::array<char, 1 << 16> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
    content.append(buffer.data(), count);
  }
  if (std::ferror(stdin) != 0) throw InputError(standard_input_name, "", "cannot be read");
  if (content.empty()) {
    throw InputError(
        standard_input_name, "",
        fmt::format("is empty, expected {}: did the command before the pipe fail?", expected));
  }
  return content;
}

void check_standard_input(const std::vector<NamedPath>& inputs) {
  const NamedPath* first = nullptr;
  for (const NamedPath& input : inputs) {
    if (!is_standard_input(input.path)) continue;
    if (std::ranges::find(readable, input.option) == std::end(readable)) {
      throw UsageError(fmt::format(
          "{}: needs a file; \"-\" (standard input) is for a prompt, a table, a geometry or "
          "labelled sentences",
          input.option));
    }
    if (first != nullptr) {
      throw UsageError(
          fmt::format("{} and {} are both \"-\", but standard input can be read only once",
                      first->option, input.option));
    }
    first = &input;
  }
}

void check_is_no_dash(const NamedPath& output) {
  if (output.path == "-") {
    throw UsageError(
        fmt::format("{}: needs a name; only --json takes \"-\" (standard output)", output.option));
  }
}

}  // namespace sextant::apps
