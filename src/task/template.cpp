#include "template.hpp"

#include <fmt/format.h>

#include "sextant/core/errors.hpp"
#include "sextant/task/prompt.hpp"

namespace sextant::task {

ExpandedTemplate expand_template(std::string_view pattern, std::string_view x, std::string_view y) {
  ExpandedTemplate result;
  for (std::size_t i = 0; i < pattern.size();) {
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      result.text += rest.front();
      i += 2;
    } else if (rest.starts_with("{x}")) {
      result.text += x;
      ++result.x_count;
      i += 3;
    } else if (rest.starts_with("{y}")) {
      result.text += y;
      ++result.y_count;
      i += 3;
    } else if (rest.front() == '{' || rest.front() == '}') {
      const std::string_view found = rest.substr(0, rest.find('}') + 1);  // npos + 1: all of it
      result.problem = fmt::format(
          "has \"{}\" at byte {}, expected {{x}}, {{y}}, or a doubled brace for a literal one",
          found.empty() ? rest : found, i);
      return result;
    } else {
      result.text += rest.front();
      ++i;
    }
  }
  return result;
}

namespace {

std::string rendered(std::string_view function, std::string_view pattern, std::string_view x,
                     std::string_view y) {
  ExpandedTemplate expanded = expand_template(pattern, x, y);
  if (!expanded.problem.empty()) throw ArgumentError(function, "pattern", expanded.problem);
  return std::move(expanded.text);
}

}  // namespace

std::string render_example(const PromptTemplate& pattern, std::string_view x, std::string_view y) {
  return rendered("render_example", pattern.example, x, y);
}

std::string render_query(const PromptTemplate& pattern, std::string_view x) {
  return rendered("render_query", pattern.query, x, {});
}

}  // namespace sextant::task
