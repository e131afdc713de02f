#include "program/program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program/help.hpp"
#include "program/output.hpp"
#include "program/standard_input.hpp"
#include "sextant/core/blas.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/core/version.hpp"
#include "sextant/model/arithmetic.hpp"
#include "sextant/report/text.hpp"
#include "startup/blas_kernels.hpp"

namespace sextant::apps {

namespace {

/// Options and the arguments of library functions that their values go to as they are.
constexpr std::pair<std::string_view, std::string_view> argument_options[] = {
    {"scale", "--step-scale"},
    {"rho", "--rho"},
    {"delta", "--delta"},
    {"budget", "--budget"},
    {"layers", "--layers"},
    {"kinds", "--blocks-kind"},
    {"query", "--query"},
    {"blocks", "--blocks"},
    {"head", "--head"},
    {"rank", "--rank"},
    {"n", "--n"},
    {"k", "--k"},
    {"d", "--d"},
    {"sigma2", "--noise"},
    {"b2", "--signal"},
    {"steps", "--steps"},
    {"least_share", "--least-share"}};

/// The message where a wrong argument is the value of an option.
std::optional<std::string> explain(const CLI::App& app, const ArgumentError& error) {
  for (const auto& [argument, option] : argument_options) {
    if (error.argument() != argument) continue;
    for (const CLI::App* command : app.get_subcommands()) {
      const CLI::Option* given = command->get_option_no_throw(std::string(option));
      if (given != nullptr && given->count() > 0) {
        return fmt::format("{}: {}", option, error.problem());
      }
    }
  }
  return std::nullopt;
}

/// The message where a wrong argument is what the file after --geometry holds.
std::optional<std::string> explain_file(const CLI::App& app, const ArgumentError& error) {
  const std::string_view argument = error.argument();
  if (argument != "geometry" && !argument.starts_with("geometry.")) return std::nullopt;
  for (const CLI::App* command : app.get_subcommands()) {
    const CLI::Option* file = command->get_option_no_throw("--geometry");
    if (file == nullptr || file->count() == 0) continue;
    const std::string_view field = argument.substr(std::string_view("geometry").size());
    return fmt::format("{}: {}{}{}", input_name(file->as<std::string>()),
                       field.empty() ? field : field.substr(1), field.empty() ? "" : ": ",
                       error.problem());
  }
  return std::nullopt;
}

/// The version, what computes, and which faster kernels this OpenBLAS leaves unused.
std::string version_text() {
  std::string text = fmt::format("{}\n{}", version(), model::arithmetic_in_use());
  const std::string better = better_blas_kernels();
  if (better.empty()) return text;
  return text +
         fmt::format("\nslow: the processor can use kernels for {0}; set OPENBLAS_CORETYPE={0}",
                     better);
}

/// Names from files and command lines may hold any bytes; the message is printable.
int fail(std::string_view message, int status) {
  const int width = report::terminal_style(2).width;
  fmt::print(stderr, "{}\n", report::wrap("sextant: " + report::printable(message), width));
  return status;
}

/// Throws `UsageError` when a word where a command is expected is none, naming those that are.
void check_commands(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* level = &app;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    const auto commands = level->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) return;
    const auto found = std::ranges::find(commands, argv[i], &CLI::App::get_name);
    if (found == commands.end()) {
      std::vector<std::string> names;
      for (const CLI::App* command : commands) names.push_back(command->get_name());
      throw UsageError(fmt::format("\"{}\" is not a command, expected one of {}", argv[i],
                                   fmt::join(names, ", ")));
    }
    level = *found;
  }
}

/// Why `text` is not a decimal integer of 64 bits, or nothing: CLI11 reads 010 as octal, and a
/// number beyond its type as the nearest.
std::string integer_problem(const std::string& text, bool is_signed) {
  const bool negative = text.starts_with('-');
  const std::string digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  const auto quote = [&](const std::string& problem) {
    return fmt::format("\"{}\" {}", text, problem);
  };
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
    return quote("is not an integer");
  }
  if (digits.size() > 1 && digits.front() == '0') return quote("begins with a 0, leave it out");
  if (negative && !is_signed) return quote("is negative");
  std::uint64_t value = 0;
  const auto end = digits.data() + digits.size();
  const bool fits = std::from_chars(digits.data(), end, value).ec == std::errc();
  const auto most = is_signed ? static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                              : std::numeric_limits<std::uint64_t>::max();
  if (fits && value <= most) return {};
  return quote(fmt::format("is beyond the integers of 64 bits, up to {}", most));
}

/// Lets every option of `command` and its subcommands that takes integers take nothing else.
void check_integers(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    const std::string type = option->get_type_name();
    const bool is_signed = type.starts_with("INT");
    if (!is_signed && !type.starts_with("UINT")) continue;
    option->check(CLI::Validator(
        [is_signed](const std::string& text) { return integer_problem(text, is_signed); }, ""));
  }
  for (CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    check_integers(*below);
  }
}

/// Throws `UsageError` for an empty value: "--prompt \"$UNSET\"" is a mistake, not a default.
void check_values(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--") && word.ends_with('=')) {
      throw UsageError(fmt::format("{} is empty", word.substr(0, word.size() - 1)));
    }
    if (word.empty()) {
      throw UsageError(fmt::format("the value of {} is empty", i > 1 ? argv[i - 1] : "a command"));
    }
  }
}

/// Runs `body` and turns what it throws into a message and an exit status: 2 wrong usage, 3 bad
/// input, 4 no numerical answer.
int run_guarded(const CLI::App& app, const std::function<void()>& body) {
  try {
    body();
    return 0;
  } catch (const CLI::ConversionError& error) {
    return fail(fmt::format("{}; it is no number, or beyond what the option takes (see --help)",
                            error.what()),
                2);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return fail(fmt::format("{} (see --help)", error.what()), 2);
  } catch (const ArgumentError& error) {
    if (const auto usage = explain(app, error)) return fail(*usage, 2);
    if (const auto file = explain_file(app, error)) return fail(*file, 3);
    return fail(error.what(), error.exit_status());
  } catch (const Error& error) {
    return fail(error.what(), error.exit_status());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(error.what(), 3);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", 4);
  } catch (const std::exception& error) {
    return fail(fmt::format("internal error: {}", error.what()), 4);
  }
}

}  // namespace

int run_program(int argc, char** argv, const std::function<void(CLI::App&)>& add_commands,
                const std::function<void()>& before) {
  startup::choose_blas_kernels();  // before any thread
  keep_freed_memory();
  CLI::App app("Chooses the hyperparameters of test-time training by Bayesian analysis", "sextant");
  app.formatter(help_formatter());  // the commands, added below, take it over
  app.require_subcommand(1);
  remember_command_line(argc, argv);
  app.set_version_flag("--version", version_text);
  add_commands(app);
  check_integers(app);
  return run_guarded(app, [&] {
    before();
    check_values(argc, argv);
    check_commands(app, argc, argv);
    app.parse(argc, argv);
  });
}

std::filesystem::path program_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

}  // namespace sextant::apps
