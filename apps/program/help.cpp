#include "program/help.hpp"

#include <sstream>

#include "sextant/report/text.hpp"

namespace sextant::apps {
namespace {

constexpr int columns = 80;
constexpr int description_column = 30;

class WrappedHelp : public CLI::Formatter {
 public:
  WrappedHelp() { column_width(description_column); }

  std::string make_option_desc(const CLI::Option* option) const override {
    return report::wrap(CLI::Formatter::make_option_desc(option), columns - description_column);
  }

  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_display_name(true),
                             report::wrap(command->get_description(), columns - description_column),
                             description_column);
    return out.str();
  }

  std::string make_description(const CLI::App* app) const override {
    return report::wrap(app->get_description(), columns) + "\n";
  }
};

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter() { return std::make_shared<WrappedHelp>(); }

void add_example(CLI::App& command, const std::string& example, const std::string& meaning) {
  std::string lines = report::wrap(example, columns - 2, "  ");  // room for " \\"
  for (auto at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 3)) {
    lines.insert(at, " \\");
  }
  command.footer("Example:\n" + lines + "\n" + report::wrap(meaning, columns));
}

}  // namespace sextant::apps
