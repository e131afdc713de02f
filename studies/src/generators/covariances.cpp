#include "sextant/studies/generators/covariances.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/studies/linear/setting.hpp"

namespace sextant::studies::generators {
namespace {

enum class Sign { any, not_negative };

Eigen::VectorXd numbers(const io::JsonObject& top, std::string_view key, Sign sign) {
  const io::Json& list = top.at(key);
  const auto most = static_cast<std::size_t>(linear::largest_dimension);
  if (!list.is_array() || list.empty() || list.size() > most) {
    throw InputError(top.file(), top.place(key),
                     fmt::format("expected a list of 1 to {} numbers", most));
  }
  Eigen::VectorXd values(static_cast<Eigen::Index>(list.size()));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool number = list[i].is_number();
    const double value = number ? list[i].get<double>() : 0;
    if (!number || !std::isfinite(value) || (sign == Sign::not_negative && value < 0)) {
      throw InputError(top.file(), fmt::format("{}[{}]", top.place(key), i),
                       fmt::format("is {}, expected a number{}", list[i].dump(),
                                   sign == Sign::not_negative ? " of at least 0" : ""));
    }
    values[static_cast<Eigen::Index>(i)] = value;
  }
  return values;
}

void check_length(const io::JsonObject& top, std::string_view key, const Eigen::VectorXd& values,
                  Eigen::Index expected) {
  if (values.size() == expected) return;
  throw InputError(
      top.file(), top.place(key),
      fmt::format("has {} numbers, expected {} as in input_variances", values.size(), expected));
}

}  // namespace

Covariances parse_covariances(std::string_view json, std::string_view file) {
  const io::Json parsed = io::parse_json(json, file);
  const io::JsonObject top(parsed, std::string(file));
  top.allow_only({"input_variances", "task_variances", "task"});
  Covariances result;
  result.input_variances = numbers(top, "input_variances", Sign::not_negative);
  result.task_variances = numbers(top, "task_variances", Sign::not_negative);
  check_length(top, "task_variances", result.task_variances, result.input_variances.size());
  if (top.has("task")) {
    result.task = numbers(top, "task", Sign::any);
    check_length(top, "task", result.task, result.input_variances.size());
  } else {
    result.task = result.task_variances.cwiseSqrt();
  }
  return result;
}

Covariances read_covariances(const std::filesystem::path& path) {
  return parse_covariances(io::read_file(path), path.string());
}

}  // namespace sextant::studies::generators
