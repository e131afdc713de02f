#include "architecture/dependency_order.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <regex>

namespace sextant::architecture {
namespace {

namespace fs = std::filesystem;

struct SourceFile {
  fs::path path;  ///< Relative to the root.
  /// "io", "studies/linear", "apps", "apps/studies"; empty when directly below src/.
  std::string folder;
};

/// The place in the order, or the order's size when `folder` is unknown.
std::size_t rank(const std::string& folder) {
  const auto& order = folder_order();
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), folder) - order.begin());
}

bool known(const std::string& folder) { return rank(folder) < folder_order().size(); }

/// The first component of `path`, when a file lies below it.
std::string first_folder(const fs::path& path) {
  return path.has_parent_path() ? path.begin()->string() : std::string();
}

/// "io" of io/csv.hpp, "studies/linear" of studies/linear/advice.hpp: what follows "sextant/" in an
/// include.
std::string library_folder(const fs::path& path) {
  const std::string first = first_folder(path);
  if (first != "studies") return first;
  return "studies/" + first_folder(path.lexically_relative("studies"));
}

/// A part of the source tree, and how its folders are called in the order.
struct Top {
  fs::path path;
  std::function<std::string(const fs::path& below)> folder;
};

const std::vector<Top>& tops() {
  const auto of_studies = [](const fs::path& below) { return "studies/" + first_folder(below); };
  const auto of_apps = [](const fs::path& below) -> std::string {
    return first_folder(below) == "studies" ? "apps/studies" : "apps";
  };
  static const std::vector<Top> all{{"include/sextant", first_folder},
                                    {"src", first_folder},
                                    {"studies/include/sextant/studies", of_studies},
                                    {"studies/src", of_studies},
                                    {"apps", of_apps}};
  return all;
}

std::vector<SourceFile> source_files(const fs::path& root) {
  std::vector<SourceFile> files;
  for (const Top& top : tops()) {
    if (!fs::exists(root / top.path)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top.path)) {
      const auto extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp")) continue;
      const fs::path below = entry.path().lexically_relative(root / top.path);
      files.push_back({top.path / below, top.folder(below)});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

/// What is wrong with one include of `file`; empty when nothing is.
std::string judge(const SourceFile& file, const std::string& target, bool quoted) {
  const fs::path path(target);
  if (first_folder(path) == "sextant") {
    const std::string folder = library_folder(path.lexically_relative("sextant"));
    if (!known(folder)) return "includes " + target + " of an unknown folder";
    if (rank(folder) > rank(file.folder))
      return file.folder + " must not include " + folder + " (" + target + ")";
    return {};
  }
  const bool system_header = !quoted;
  if (system_header) return {};
  // A private header beside the file, or below it, belongs to the same folder.
  if (path.is_absolute() || *path.begin() == "..") return "leaves its folder with " + target;
  if (first_folder(path) == "apps") return "must not include " + target + " by its path";
  return {};
}

}  // namespace

const std::vector<std::string>& folder_order() {
  static const std::vector<std::string> order{
      // the product
      "core", "io", "spectral", "evidence", "geometry", "subspace", "tokenizer", "model", "readout",
      "task", "ttt", "advice", "report",
      // its program
      "apps",
      // the studies
      "studies/statistics", "studies/analysis", "studies/linear", "studies/generators",
      "studies/single_index", "studies/pretrain", "studies/presentation", "studies/reproduce",
      // their program
      "apps/studies"};
  return order;
}

std::vector<std::string> find_offences(const fs::path& root) {
  // Also an include that a condition surrounds: the order holds in every configuration.
  static const std::regex include(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
  std::vector<std::string> offences;
  for (const SourceFile& file : source_files(root)) {
    if (!known(file.folder)) {
      offences.push_back(file.path.string() + ": lies in the unknown folder \"" + file.folder +
                         "\"");
      continue;
    }
    std::ifstream stream(root / file.path);
    std::string line;
    for (int number = 1; std::getline(stream, line); ++number) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string problem = judge(file, match[2].str(), match[1] == "\"");
      if (!problem.empty())
        offences.push_back(file.path.string() + ":" + std::to_string(number) + ": " + problem);
    }
  }
  return offences;
}

std::vector<std::string> find_long_files(const fs::path& root, int limit) {
  std::vector<std::string> found;
  for (const SourceFile& file : source_files(root)) {
    std::ifstream stream(root / file.path);
    std::string line;
    int lines = 0;
    while (std::getline(stream, line)) ++lines;
    if (lines > limit)
      found.push_back(file.path.string() + " (" + std::to_string(lines) + " lines)");
  }
  return found;
}

}  // namespace sextant::architecture
