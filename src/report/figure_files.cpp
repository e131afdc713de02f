#include "sextant/report/figure_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "assets.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"

namespace sextant::report {
namespace {

constexpr int width = 640;

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

/// A file without a name, gone when it is closed.
File scratch_file() {
  File file(std::tmpfile(), &std::fclose);
  if (!file) throw Error(fmt::format("no temporary file: {}", std::strerror(errno)));
  return file;
}

std::string content_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  std::array<char, 1 << 16> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file)) {
    text.append(buffer.data(), count);
  }
  return text;
}

/// Runs `node` with files in place of its standard streams, so that neither side waits for the
/// other. Returns what it wrote.
std::string run_node(const std::string& program) {
  const File in = scratch_file();
  const File out = scratch_file();
  const File errors = scratch_file();
  if (std::fwrite(program.data(), 1, program.size(), in.get()) != program.size() ||
      std::fflush(in.get()) != 0) {
    throw Error("a temporary file cannot be written");
  }
  std::rewind(in.get());
  lseek(fileno(in.get()), 0, SEEK_SET);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(errors.get()), STDERR_FILENO);
  std::array<std::string, 2> words = {"node", "-"};
  std::array<char*, 3> arguments = {words[0].data(), words[1].data(), nullptr};
  pid_t child = 0;
  const int problem =
      posix_spawnp(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    throw Error(fmt::format("node (Node.js) cannot be run: {}", std::strerror(problem)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error("node (Node.js) was lost");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const std::string said = content_of(errors.get());
    throw Error(said.empty() ? "node (Node.js) failed and said nothing"
                             : "node (Node.js) failed: " + said.substr(0, said.find('\n')));
  }
  return content_of(out.get());
}

/// A library as a page would load it: without the names by which it would take Node.js for its
/// host.
std::string as_on_a_page(std::string_view library) {
  return fmt::format("(function (exports, module, define, require) {{\n{}\n}}).call(globalThis);\n",
                     library);
}

}  // namespace

std::vector<std::string> draw_svg(const std::vector<OrderedJson>& specifications) {
  if (specifications.empty()) return {};
  auto charts = OrderedJson::array();
  for (OrderedJson specification : specifications) {
    specification["width"] = width;
    charts.push_back(std::move(specification));
  }
  const std::string drawn =
      run_node(as_on_a_page(assets::vega) + as_on_a_page(assets::vega_lite) +
               std::string(assets::chart_config) + "const sextantCharts = " +
               charts.dump(-1, ' ', true, OrderedJson::error_handler_t::replace) + ";\n" +
               std::string(assets::draw));
  const auto json = nlohmann::json::parse(drawn, nullptr, false);
  if (!json.is_array() || json.size() != specifications.size()) {
    throw Error("node (Node.js) did not draw the charts");
  }
  return json.get<std::vector<std::string>>();
}

std::string write_figures(const std::filesystem::path& directory,
                          const std::vector<Figure>& figures) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw InputError(directory.string(), "", "cannot be made: " + error.message());
  std::vector<OrderedJson> specifications;
  std::vector<std::filesystem::path> stems;
  for (const Figure& figure : figures) {
    for (std::size_t i = 0; i < figure.panels.size(); ++i) {
      stems.push_back(directory / panel_name(figure, i));
      specifications.push_back(with_data(figure.panels[i]));
      io::write_file(stems.back().string() + ".csv", to_csv(figure.panels[i].data));
    }
  }
  std::vector<std::string> drawings;
  try {
    drawings = draw_svg(specifications);
  } catch (const Error& missing) {
    for (const auto& stem : stems) std::filesystem::remove(stem.string() + ".svg", error);
    return fmt::format("{}: no SVG files, {}", directory.string(), missing.what());
  }
  for (std::size_t i = 0; i < drawings.size(); ++i) {
    io::write_file(stems[i].string() + ".svg", drawings[i]);
  }
  return {};
}

}  // namespace sextant::report
