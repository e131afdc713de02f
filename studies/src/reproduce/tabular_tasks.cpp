#include "sextant/studies/reproduce/tabular_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <span>
#include <sstream>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/io/csv.hpp"
#include "sextant/io/files.hpp"
#include "sextant/studies/reproduce/study.hpp"

namespace sextant::studies::reproduce {
namespace {

using Eigen::Index;

/// The rows of a table in a fixed order, without their labels: equal for equal tables.
std::vector<std::vector<double>> sorted_rows(const Eigen::MatrixXd& columns) {
  std::vector<std::vector<double>> rows(static_cast<std::size_t>(columns.rows()));
  for (Index r = 0; r < columns.rows(); ++r) {
    for (Index c = 0; c < columns.cols(); ++c) {
      // Files differ in how many digits they give.
      const double value = columns(r, c);
      rows[static_cast<std::size_t>(r)].push_back(
          std::isnan(value) ? -1e300 : static_cast<double>(static_cast<float>(value)));
    }
  }
  std::ranges::sort(rows);
  return rows;
}

/// Nine tenths will do, since files of the same data are rounded in different ways.
bool have_same_rows(const NamedTable& a, const NamedTable& b) {
  if (a.rows.columns.rows() != b.rows.columns.rows() ||
      a.rows.columns.cols() != b.rows.columns.cols() || a.rows.classes != b.rows.classes) {
    return false;
  }
  const auto rows = sorted_rows(a.rows.columns);
  std::vector<std::vector<double>> common;
  std::ranges::set_intersection(rows, sorted_rows(b.rows.columns), std::back_inserter(common));
  return common.size() * 10 >= rows.size() * 9;
}

/// "0 3 5" as names of columns.
std::vector<std::string> categorical_names(const io::CsvTable& index, std::size_t row,
                                           std::size_t column, const io::CsvTable& table) {
  std::vector<std::string> names;
  std::istringstream places(index.rows[row][column].text);
  std::string place;
  while (places >> place) {
    const bool digits =
        place.size() < 6 && std::ranges::all_of(place, [](char c) { return c >= '0' && c <= '9'; });
    const std::size_t at = digits ? std::stoul(place) : table.header.size();
    if (at + 1 >= table.header.size()) {
      throw InputError(
          index.file, index.place(row, column),
          fmt::format("has \"{}\", expected places of columns before the last", place));
    }
    names.push_back(table.header[at]);
  }
  return names;
}

void set_groups(std::vector<NamedTable>& tables) {
  for (NamedTable& table : tables) {
    table.group = std::ranges::find_if(tables, [&](const NamedTable& other) {
                    return other.rows.labels == table.rows.labels;
                  })->name;
  }
}

}  // namespace

TableFolder read_table_folder(const std::filesystem::path& directory,
                              const model::ModelConfig& config) {
  const io::CsvTable index = io::read_csv(directory / "index.csv");
  const std::size_t name = index.column("name");
  const std::size_t categorical = index.column("categorical_features");
  TableFolder folder;
  for (std::size_t row = 0; row < index.rows.size(); ++row) {
    NamedTable table{index.rows[row][name].text, {}, {}};
    const auto path = directory / (table.name + ".csv");
    const std::string text = io::read_file(path);
    folder.fingerprint = fingerprint(std::as_bytes(std::span(text)), folder.fingerprint);
    const io::CsvTable csv = io::parse_csv(text, path.string());
    task::TableColumns columns;
    columns.categorical = categorical_names(index, row, categorical, csv);
    table.rows =
        task::row_task(task::parse_class_table(csv, columns), config.features, config.vocabulary);
    table.rows.context.clear();
    table.rows.queries.clear();
    const bool known = std::ranges::any_of(
        folder.tables, [&](const NamedTable& other) { return have_same_rows(table, other); });
    if (known) {
      folder.same.push_back(table.name);
    } else {
      folder.tables.push_back(std::move(table));
    }
  }
  set_groups(folder.tables);
  return folder;
}

TableSplit split_table(const NamedTable& table, int repeat, int most_test, std::uint64_t seed) {
  Random random(
      seed, fingerprint(std::as_bytes(std::span(table.name))) + static_cast<std::uint64_t>(repeat));
  std::vector<int> rows;
  for (std::size_t row = 0; row < table.rows.labels.size(); ++row) {
    if (table.rows.labels[row] >= 0) rows.push_back(static_cast<int>(row));
  }
  random.shuffle(rows);
  const std::size_t test = std::min(static_cast<std::size_t>(most_test), rows.size() * 3 / 10);
  TableSplit split;
  split.test.assign(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(test));
  split.order.assign(rows.begin() + static_cast<std::ptrdiff_t>(test), rows.end());
  const auto label = [&](int row) { return table.rows.labels[static_cast<std::size_t>(row)]; };
  const auto other = std::ranges::find_if(
      split.order, [&](int row) { return label(row) != label(split.order.front()); });
  if (other == split.order.end()) {
    throw InputError(table.name, "", "has one class alone beside its test rows");
  }
  std::swap(split.order[1], *other);
  return split;
}

task::RowTask table_task(const NamedTable& table, const TableSplit& split, int size) {
  if (size < 2 || static_cast<std::size_t>(size) > split.order.size()) {
    throw ArgumentError("table_task", "size",
                        fmt::format("is {}, expected 2 to {}", size, split.order.size()));
  }
  task::RowTask task = table.rows;
  task.context.assign(split.order.begin(), split.order.begin() + size);
  task.queries = split.test;
  return task;
}

}  // namespace sextant::studies::reproduce
