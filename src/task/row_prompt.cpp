#include "sextant/task/row_prompt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"
#include "sextant/core/wording.hpp"
#include "sextant/readout/class_probabilities.hpp"
#include "sextant/task/row_features.hpp"

namespace sextant::task {
namespace {

void check(const RowTask& task, const RowSupervision& supervision) {
  constexpr std::string_view here = "encode";
  const auto fail = [&](std::string_view argument, std::string_view problem) {
    throw ArgumentError(here, argument, problem);
  };
  check_size(here, "task.labels", task.labels.size(),
             static_cast<std::size_t>(task.columns.rows()));
  if (task.context.size() < 2) fail("task.context", "has fewer than two rows");
  std::set<int> used;
  for (const int row : task.context) {
    const int label = task.labels.at(static_cast<std::size_t>(row));
    if (label < 0 || label >= task.classes) {
      fail("task.labels",
           fmt::format("[{}] is {}, outside the {} classes", row, label, task.classes));
    }
    used.insert(label);
  }
  if (used.size() < 2) fail("task.context", "has rows of one class alone");
  if (supervision.rows < 1) fail("supervision.rows", "is below 1");
  if (supervision.folds < 2) fail("supervision.folds", "is below 2");
  if (supervision.context < 1) fail("supervision.context", "is below 1");
}

/// `count` of `from`, at even distances; all when there are no more.
std::vector<int> spread(const std::vector<int>& from, int count) {
  const auto wanted = static_cast<std::size_t>(count);
  if (from.size() <= wanted) return from;
  std::vector<int> result;
  for (std::size_t i = 0; i < wanted; ++i) {
    result.push_back(from[(2 * i + 1) * from.size() / (2 * wanted)]);
  }
  return result;
}

/// Context rows in an order that their own order does not change.
std::vector<int> canonical_order(const RowTask& task, const model::Rows<float>& features) {
  std::vector<int> rows = task.context;
  std::ranges::sort(rows, [&](int a, int b) {
    const int label_a = task.labels[static_cast<std::size_t>(a)];
    const int label_b = task.labels[static_cast<std::size_t>(b)];
    if (label_a != label_b) return label_a < label_b;
    return std::lexicographical_compare(features.row(a).begin(), features.row(a).end(),
                                        features.row(b).begin(), features.row(b).end());
  });
  return rows;
}

double target(const RowTask& task, int row, int scalar) {
  const int label = task.labels[static_cast<std::size_t>(row)];
  return label == readout::class_of_scalar(task.classes, scalar) ? 1.0 : 0.0;
}

/// The rows that a fold's supervised rows read.
std::vector<int> fold_context(const std::vector<int>& order, const std::vector<int>& fold,
                              int most) {
  const std::set<int> left_out(fold.begin(), fold.end());
  std::vector<int> rest;
  for (const int row : order) {
    if (!left_out.contains(row)) rest.push_back(row);
  }
  return spread(rest, most);
}

void add_examples(const RowTask& task, const RowSupervision& supervision,
                  const std::vector<int>& order, EncodedPrompt& prompt) {
  const std::vector<int> supervised = spread(order, supervision.rows);
  const auto folds = std::min(static_cast<std::size_t>(supervision.folds), supervised.size());
  for (std::size_t f = 0; f < folds; ++f) {
    std::vector<int> fold;
    for (std::size_t i = f; i < supervised.size(); i += folds) fold.push_back(supervised[i]);
    std::vector<int> sequence = fold_context(order, fold, supervision.context);
    sequence.push_back(0);
    for (const int row : fold) {
      for (int s = 0; s < prompt.table->scalars; ++s) {
        sequence.back() = prompt.table->query_token(row, s);
        prompt.example_tokens.push_back(sequence);
        prompt.example_targets.push_back(target(task, row, s));
      }
    }
  }
}

}  // namespace

EncodedPrompt encode(const RowTask& task, int limit, const RowSupervision& supervision,
                     std::string_view file) {
  check(task, supervision);
  RowFeatures features = standardized_features(task.columns, task.context);
  if (features.values.cols() > limit) {
    throw InputError(file, "",
                     fmt::format("has {} columns that differ between rows, the model "
                                 "reads at most {}",
                                 features.values.cols(), limit));
  }
  EncodedPrompt prompt;
  auto table = std::make_shared<model::RowTable>();
  table->scalars = readout::scalars_per_row(task.classes);
  const std::vector<int> order = canonical_order(task, features.values);
  table->features = std::move(features.values);
  // What queries are is never given to the model, not even by mistake.
  table->labels.assign(task.labels.size(), -1);
  for (const int row : task.context) {
    table->labels[static_cast<std::size_t>(row)] = task.labels[static_cast<std::size_t>(row)];
  }
  prompt.table = std::move(table);
  add_examples(task, supervision, order, prompt);
  std::vector<int> sequence = order;
  sequence.push_back(0);
  for (const int row : task.queries) {
    const bool known = task.labels.at(static_cast<std::size_t>(row)) >= 0;
    for (int s = 0; s < prompt.table->scalars; ++s) {
      sequence.back() = prompt.table->query_token(row, s);
      prompt.query_tokens.push_back(sequence);
      prompt.query_targets.push_back(known ? std::optional(target(task, row, s)) : std::nullopt);
    }
  }
  return prompt;
}

PromptRows prompt_rows(const EncodedPrompt& prompt) {
  if (prompt.table == nullptr) {
    throw ArgumentError("prompt_rows", "prompt", "is not that of a table");
  }
  const auto rows_of = [&](std::string_view what, const std::vector<std::vector<int>>& sequences) {
    std::vector<int> rows;
    int last_scalar = 0;
    for (const std::vector<int>& sequence : sequences) {  // a row's scalars follow one another
      if (sequence.empty()) {
        throw ArgumentError("prompt_rows", what,
                            "has an empty sequence, expected its last token to name a row");
      }
      const int row = prompt.table->row_of(sequence.back());
      const int scalar = prompt.table->scalar_of(sequence.back());
      // A row may come twice in a row, and a prompt may have some of a row's scalars alone.
      if (rows.empty() || rows.back() != row || scalar <= last_scalar) rows.push_back(row);
      last_scalar = scalar;
    }
    return rows;
  };
  return {prompt.table->scalars, rows_of("prompt.example_tokens", prompt.example_tokens),
          rows_of("prompt.query_tokens", prompt.query_tokens)};
}

std::string no_task_reason(const ClassTable& table) {
  if (table.examples.size() < 2) {
    return fmt::format(
        "has {}, expected at least two (column \"{}\"; a row whose label is empty is a query)",
        counted(table.examples.size(), "labelled row"), table.label);
  }
  if (table.classes.size() < 2) {
    return fmt::format(
        "has one class alone (\"{}\" in column \"{}\"), so there is nothing to learn",
        table.classes.front(), table.label);
  }
  return {};
}

RowTask row_task(const ClassTable& table, int limit, int most_classes) {
  if (const std::string reason = no_task_reason(table); !reason.empty()) {
    throw InputError(table.file, "", reason);
  }
  RowTask task;
  task.columns = coded_columns(table, limit);
  task.labels = table.labels;
  task.context = table.examples;
  task.queries = table.queries;
  task.classes = static_cast<int>(table.classes.size());
  if (task.classes > most_classes) {
    throw InputError(
        table.file, "",
        fmt::format("has {} classes, the model tells at most {} apart ({}): is "
                    "the label's column (\"{}\") the right one?",
                    task.classes, most_classes, listed(table.classes, 3), table.label));
  }
  return task;
}

}  // namespace sextant::task
