#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "architecture/dependency_order.hpp"

using namespace sextant::architecture;
namespace fs = std::filesystem;

namespace {

/// A source tree in a temporary directory, removed at the end.
class MadeUpTree {
 public:
  MadeUpTree()
      : root_(fs::temp_directory_path() / ("sextant-architecture-" + std::to_string(getpid()))) {
    fs::remove_all(root_);
  }
  ~MadeUpTree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  MadeUpTree(const MadeUpTree&) = delete;
  MadeUpTree& operator=(const MadeUpTree&) = delete;

  void add(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::vector<std::string> offences() const { return find_offences(root_); }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

/// The only offence of a tree that holds nothing but `line` in `path`; empty when there is none.
std::string verdict(const std::string& path, const std::string& line) {
  MadeUpTree tree;
  tree.add(path, "#pragma once\n" + line + "\n");
  const auto offences = tree.offences();
  CHECK(offences.size() <= 1);
  return offences.empty() ? std::string() : offences.front();
}

/// A source file of a folder in the order.
std::string source_of(const std::string& folder) {
  const std::string studies = "studies/";
  return folder.starts_with(studies) ? "studies/src/" + folder.substr(studies.size()) + "/x.cpp"
                                     : "src/" + folder + "/x.cpp";
}

}  // namespace

TEST_CASE("every include of this source tree follows the order of the folders") {
  const fs::path root(SEXTANT_SOURCE_DIR);
  REQUIRE(fs::exists(root / "include/sextant/core/errors.hpp"));
  for (const auto& offence : find_offences(root)) FAIL_CHECK(offence);
  for (const auto& file : find_long_files(root, 400)) MESSAGE("long file: ", file);
}

TEST_CASE("includes along the order are accepted") {
  CHECK(verdict("src/io/a.cpp", "#include \"sextant/core/errors.hpp\"") == "");
  CHECK(verdict("src/io/a.cpp", "#include \"sextant/io/json.hpp\"") == "");
  CHECK(verdict("src/io/a.cpp", "#include \"private.hpp\"") == "");
  CHECK(verdict("src/io/a.cpp", "#include <vector>") == "");
  CHECK(verdict("src/io/a.cpp", "// #include \"sextant/model/model.hpp\"") == "");
  CHECK(verdict("apps/sextant/main.cpp", "#include \"sextant/report/html.hpp\"") == "");
  CHECK(verdict("apps/sextant/main.cpp", "#include \"options.hpp\"") == "");
  CHECK(verdict("src/advice/a.cpp", "#include \"sextant/ttt/a.hpp\"") == "");
  CHECK(verdict("studies/src/linear/a.cpp", "#include \"sextant/report/a.hpp\"") == "");
  CHECK(verdict("studies/include/sextant/studies/pretrain/a.hpp",
                "#include \"sextant/studies/generators/a.hpp\"") == "");
}

TEST_CASE("an include against the order is rejected") {
  CHECK(verdict("include/sextant/io/a.hpp", "#include \"sextant/model/model.hpp\"") ==
        "include/sextant/io/a.hpp:2: io must not include model (sextant/model/model.hpp)");
  CHECK(verdict("src/core/deep/a.cpp", "  #  include <sextant/io/files.hpp>") ==
        "src/core/deep/a.cpp:2: core must not include io (sextant/io/files.hpp)");
  CHECK(verdict("src/geometry/a.cpp", "#include \"sextant/advice/choose_horizon.hpp\"") != "");
  // Every pair of folders, one way and the other.
  std::vector<std::string> order = folder_order();
  std::erase_if(order, [](const std::string& folder) { return folder.starts_with("apps"); });
  for (std::size_t low = 0; low < order.size(); ++low)
    for (std::size_t high = low + 1; high < order.size(); ++high) {
      const std::string& a = order[low];
      const std::string& b = order[high];
      CHECK(verdict(source_of(a), "#include \"sextant/" + b + "/y.hpp\"") != "");
      CHECK(verdict(source_of(b), "#include \"sextant/" + a + "/y.hpp\"") == "");
    }
}

TEST_CASE("the product must not include studies") {
  CHECK(verdict("include/sextant/report/a.hpp", "#include \"sextant/studies/linear/advice.hpp\"") ==
        "include/sextant/report/a.hpp:2: report must not include studies/linear "
        "(sextant/studies/linear/advice.hpp)");
  CHECK(verdict("src/report/a.cpp", "#include <sextant/studies/statistics/paired.hpp>") != "");
  const std::string of_studies = "#include \"sextant/studies/linear/a.hpp\"";
  CHECK(
      verdict("apps/sextant/a.cpp", of_studies) ==
      "apps/sextant/a.cpp:2: apps must not include studies/linear (sextant/studies/linear/a.hpp)");
  CHECK(verdict("apps/program/a.cpp", of_studies) != "");
  CHECK(verdict("apps/studies/a.cpp", of_studies) == "");
  CHECK(verdict("studies/src/utils/a.cpp", "#include <vector>") ==
        "studies/src/utils/a.cpp: lies in the unknown folder \"studies/utils\"");
}

TEST_CASE("includes of apps, of unknown folders and around the order are rejected") {
  CHECK(verdict("src/report/a.cpp", "#include \"sextant/apps/options.hpp\"") != "");
  CHECK(verdict("src/report/a.cpp", "#include \"apps/sextant/options.hpp\"") != "");
  CHECK(verdict("src/io/a.cpp", "#include \"../model/a.hpp\"") ==
        "src/io/a.cpp:2: leaves its folder with ../model/a.hpp");
  CHECK(verdict("src/io/a.cpp", "#include \"sextant/utils/a.hpp\"") ==
        "src/io/a.cpp:2: includes sextant/utils/a.hpp of an unknown folder");
  CHECK(verdict("src/utils/a.cpp", "#include <vector>") ==
        "src/utils/a.cpp: lies in the unknown folder \"utils\"");
  CHECK(verdict("src/stray.cpp", "#include <vector>") ==
        "src/stray.cpp: lies in the unknown folder \"\"");
}

TEST_CASE("long files are found") {
  MadeUpTree tree;
  tree.add("src/io/short.cpp", "1\n2\n");
  tree.add("src/io/long.cpp", "1\n2\n3\n");
  CHECK(find_long_files(tree.root(), 2) == std::vector<std::string>{"src/io/long.cpp (3 lines)"});
}
