#pragma once

#include <string>
#include <string_view>

namespace sextant::task {

struct ExpandedTemplate {
  std::string text;
  int x_count = 0;  ///< How often {x} and {y} occurred.
  int y_count = 0;
  std::string problem;  ///< Empty, or what is wrong with the braces.
};

/// Replaces {x}, {y}, {{ and }} in `pattern`, in one pass from the left.
ExpandedTemplate expand_template(std::string_view pattern, std::string_view x, std::string_view y);

}  // namespace sextant::task
