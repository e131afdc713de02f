#include "sextant/task/fit_head.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sextant/core/errors.hpp"
#include "sextant/readout/embedding.hpp"
#include "sextant/task/token_check.hpp"

namespace sextant::task {
namespace {

void check_data(const std::vector<LabelledText>& data, std::string_view file) {
  if (data.size() < readout::fewest_ridge_examples) {
    throw InputError(file, "",
                     fmt::format("has {} sentences, expected at least {}", data.size(),
                                 readout::fewest_ridge_examples));
  }
  const auto same = [&](const auto& one) { return one.label == data.front().label; };
  if (std::ranges::all_of(data, same)) {
    throw InputError(file, "",
                     fmt::format("all {} labels are {}, so there is nothing to fit", data.size(),
                                 data.front().label));
  }
}

std::vector<int> encode(const tokenizer::Tokenizer& tokenizer, const std::string& text, int context,
                        std::string_view file, std::size_t line) {
  const std::string place = fmt::format("line {}", line);
  std::vector<int> tokens;
  try {
    tokens = tokenizer.encode(text, true);
  } catch (const ArgumentError& error) {
    throw InputError(file, place, error.problem());
  }
  if (tokens.size() > static_cast<std::size_t>(context)) {
    throw InputError(
        file, place,
        fmt::format("has {} tokens, more than the model's context of {}", tokens.size(), context));
  }
  return tokens;
}

}  // namespace

readout::RidgeFit fit_head(const model::Weights<float>& weights,
                           const tokenizer::Tokenizer& tokenizer, const readout::Pooling& pooling,
                           const std::vector<LabelledText>& data, std::string_view file,
                           const std::function<void(std::size_t)>& on_progress) {
  constexpr std::size_t first_line = 2;  // after the header
  check_data(data, file);
  std::vector<std::vector<int>> sequences;
  Eigen::VectorXd targets(static_cast<Eigen::Index>(data.size()));
  for (std::size_t i = 0; i < data.size(); ++i) {
    sequences.push_back(
        encode(tokenizer, data[i].text, weights.config.context, file, i + first_line));
    check_tokens(sequences.back(), weights.config.vocabulary, tokenizer, file,
                 fmt::format("line {}", i + first_line));
    targets(static_cast<Eigen::Index>(i)) = data[i].label;
  }
  readout::RidgeFit fit =
      readout::fit_ridge(readout::embed(weights, sequences, pooling, on_progress), targets);
  fit.head.pooling = pooling;
  return fit;
}

}  // namespace sextant::task
