#pragma once

/// Checks that calls of fmt use every argument they are given.
///
/// fmt checks formats when it compiles, but an argument without a placeholder is no fault to it: it
/// is dropped, and with it a column of results or the value in a message.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::architecture {

/// What a C++ text holds of calls of fmt::format, print, format_to, format_to_n and formatted_size.
struct FormatCalls {
  int checked = 0;  ///< Calls whose formats are literals, or a choice between literals.
  int unknown = 0;  ///< Calls with another format, or with a pack of arguments.
  /// One sentence per call whose placeholders do not use each argument: "line 3: 1 placeholder for
  /// 2 arguments: "{} steps"".
  std::vector<std::string> faults;
};

FormatCalls find_format_calls(std::string_view text);

/// The same for all .cpp and .hpp files below `folder`, faults with the file's name before them.
FormatCalls find_format_calls_below(const std::filesystem::path& folder);

/// The string literals in `text`, in their order, escapes as blanks.
std::vector<std::string> literals(std::string_view text);

/// The identifiers in `text` outside of comments and literals, in their order.
std::vector<std::string> identifiers(std::string_view text);

}  // namespace sextant::architecture
