/// The library does not know the program: its messages name arguments, or what they mean, and no
/// option of a command line.

#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "architecture/format_calls.hpp"

using namespace sextant::architecture;

namespace {

/// Words like --label in the string literals of a C++ text.
std::vector<std::string> option_names(std::string_view text) {
  std::vector<std::string> found;
  for (const std::string& literal : literals(text)) {
    for (std::size_t at = literal.find("--"); at != std::string::npos;
         at = literal.find("--", at)) {
      const bool begins =
          at == 0 || (std::isalnum(static_cast<unsigned char>(literal[at - 1])) == 0 &&
                      literal[at - 1] != '-');
      std::size_t end = at + 2;
      while (end < literal.size() &&
             (std::isalpha(static_cast<unsigned char>(literal[end])) != 0 || literal[end] == '-')) {
        ++end;
      }
      if (begins && end > at + 2 && literal[at + 2] != '-') {
        found.push_back(literal.substr(at, end - at));
      }
      at = end;
    }
  }
  return found;
}

}  // namespace

TEST_CASE("no message of the library names an option of the program") {
  // Options of another program, which downloads models.
  const std::set<std::pair<std::string, std::string>> allowed{
      {"src/model/directory.cpp", "--local-dir"}};
  const std::filesystem::path root(SEXTANT_SOURCE_DIR);
  int files = 0;
  for (const char* folder : {"src", "include"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp")) continue;
      ++files;
      std::ifstream stream(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      const std::string name = entry.path().lexically_relative(root).generic_string();
      for (const std::string& option : option_names(text)) {
        if (!allowed.contains({name, option})) FAIL_CHECK(name, " names ", option);
      }
    }
  }
  CHECK(files > 200);
}

TEST_CASE("names of options are found in literals alone") {
  using Names = std::vector<std::string>;
  CHECK(option_names(R"(f("say so (--header no), or --query-csv"))") ==
        Names{"--header", "--query-csv"});
  CHECK(option_names(R"(f("--out"))") == Names{"--out"});
  CHECK(option_names("f(R\"(with --raw)\")") == Names{"--raw"});
  CHECK(option_names(R"(--i; // "--comment"
    f("a--b", "--", "---x", "-- y", "--5"))")
            .empty());
}
