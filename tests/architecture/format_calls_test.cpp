#include "architecture/format_calls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace sextant::architecture;

namespace {

/// The number of faults in `text`, which holds one call that is understood.
std::size_t faults_in(const std::string& text) {
  const FormatCalls found = find_format_calls(text);
  CHECK(found.checked == 1);
  CHECK(found.unknown == 0);
  return found.faults.size();
}

}  // namespace

TEST_CASE("every call of fmt in this source tree uses all its arguments") {
  const std::filesystem::path root(SEXTANT_SOURCE_DIR);
  int checked = 0;
  int unknown = 0;
  for (const char* folder : {"apps", "bench", "examples", "include", "src", "studies", "tests"}) {
    const FormatCalls found = find_format_calls_below(root / folder);
    for (const std::string& fault : found.faults) FAIL_CHECK(fault);
    checked += found.checked;
    unknown += found.unknown;
  }
  CHECK(checked > 500);
  CHECK(unknown < 10);
  MESSAGE(checked, " calls checked, ", unknown, " with formats that are no literals");
}

TEST_CASE("arguments without a placeholder are found") {
  CHECK(faults_in(R"(fmt::format("{} {}", a, b))") == 0);
  CHECK(faults_in(R"(fmt::format("{}", a, b))") == 1);
  CHECK(faults_in(R"(fmt::format("steps", a))") == 1);
  CHECK(faults_in(R"(fmt::format("{} {}", a))") == 1);
  CHECK(faults_in(R"(fmt::format("plain"))") == 0);
  CHECK(find_format_calls("x;\n\nfmt::format(\"{} steps\", a, b);").faults ==
        std::vector<std::string>{"line 3: 1 placeholder for 2 arguments: \"{} steps\""});
  // Literals side by side, over lines, with what looks like the end of one.
  CHECK(faults_in("fmt::format(\"{} \\\" \"\n   \"{}\", a, b)") == 0);
  CHECK(faults_in("fmt::format(\"{} \\\" \"  // {}, c\n   \"{}\", a, b, c)") == 1);
  CHECK(faults_in("fmt::format(R\"x({} \")\" {})x\", a, b)") == 0);
  // Braces that are written, indices, widths and precisions that are arguments.
  CHECK(faults_in(R"(fmt::format("{{}} {}", a))") == 0);
  CHECK(faults_in(R"(fmt::format("{{}} {}", a, b))") == 1);
  CHECK(faults_in(R"(fmt::format("{{{}}}", a))") == 0);
  CHECK(faults_in(R"(fmt::format("{0}, {1}, {0}", a, b))") == 0);
  CHECK(faults_in(R"(fmt::format("{0}, {0}", a, b))") == 1);
  CHECK(faults_in(R"(fmt::format("{1}", a, b))") == 1);
  CHECK(faults_in(R"(fmt::format("{:.{}f} {:>{}}", a, p, b, w))") == 0);
  CHECK(faults_in(R"(fmt::format("{:.{}f}", a, p, b))") == 1);
  CHECK(faults_in(R"(fmt::format("{:.3g}", a, b))") == 1);
  // Commas that do not separate arguments, and those that do.
  CHECK(faults_in(R"(fmt::format("{} {}", f(a, b), g[{c, d}]))") == 0);
  CHECK(faults_in(R"(fmt::format("{}", std::get<std::pair<int, int>>(a)))") == 0);
  CHECK(faults_in(R"(fmt::format("{} {}", a < b, c > d))") == 0);
  CHECK(faults_in(R"(fmt::format("{}", a < b, c > (d)))") == 1);
  CHECK(faults_in(R"(fmt::format("{}", [&](int x, int y) { return x, y; }(1, 2)))") == 0);
  CHECK(faults_in(R"(fmt::format("{}", ',', b))") == 1);
  CHECK(faults_in(R"(fmt::format("{}", 200'000) + '"')") == 0);
  CHECK(faults_in(R"x(fmt::format("{} {}", "a, b", ")"))x") == 0);
  CHECK(faults_in(R"(fmt::format("{} {}", fmt_join(a, ", ")))") == 1);
  // Formats in second place, and choices between formats.
  CHECK(faults_in(R"(fmt::print(stderr, "{}\n", a))") == 0);
  CHECK(faults_in(R"(fmt::print(stderr, "{}\n", a, b))") == 1);
  CHECK(faults_in(R"(fmt::print("{}\n", a, "{}"))") == 1);
  CHECK(faults_in(R"(fmt::format_to(std::back_inserter(s), "{}", a, b))") == 1);
  CHECK(faults_in(R"(fmt::format(one ? "{}" : "{}s", a))") == 0);
  CHECK(faults_in(R"(fmt::format(one ? "{}" : "none", a))") == 1);
  CHECK(faults_in(R"(fmt::format(x ? "{}" : y ? "{} {}" : "{}", a))") == 1);
}

TEST_CASE("calls within calls are each checked, and comments are none") {
  const FormatCalls nested =
      find_format_calls(R"x(fmt::format("{}", fmt::format("{}", a, b)) // fmt::format("", c)
                            /* fmt::format("", c) */ "fmt::format(\"\", c)")x");
  CHECK(nested.checked == 2);
  CHECK(nested.faults.size() == 1);
  for (const char* unknown : {"fmt::format(pattern, a)", "fmt::format(\"{}\", parts...)",
                              "fmt::format(\"{name}\", fmt::arg(\"name\", a))"}) {
    const FormatCalls found = find_format_calls(unknown);
    CHECK(found.unknown == 1);
    CHECK(found.faults.empty());
  }
  CHECK(find_format_calls("fmt::format(\"{}\", a").faults.size() == 1);  // does not end
}

TEST_CASE("the library changes neither the environment nor OpenBLAS's kernels") {
  const std::vector<std::string> forbidden{
      "setenv", "unsetenv", "putenv", "clearenv", "gotoblas_dynamic_init", "gotoblas_dynamic_quit"};
  const auto offends = [&](std::string_view text) {
    return std::ranges::any_of(identifiers(text), [&](const std::string& word) {
      return std::ranges::find(forbidden, word) != forbidden.end();
    });
  };
  CHECK(offends("int f() { return ::setenv(\"A\", \"b\", 1); }"));
  CHECK_FALSE(offends("// setenv\nconst char* a = \"setenv\"; int set_env();"));
  const std::filesystem::path root(SEXTANT_SOURCE_DIR);
  int files = 0;
  for (const char* folder : {"src", "include", "studies/src", "studies/include"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp") continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      CHECK_MESSAGE(!offends(text), entry.path().string());
      ++files;
    }
  }
  CHECK(files > 200);
}
