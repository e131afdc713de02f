#include "sextant/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "sextant/core/errors.hpp"
#include "sextant/core/wording.hpp"

namespace sextant::report {
namespace {

constexpr int gap = 2;
constexpr int narrowest_text = 8;

/// One column ready to print.
struct Printed {
  std::string header;
  std::vector<std::string> cells;
  bool numeric = false;
  bool whole = false;
  int width = 0;
};

int widest(const Printed& column) {
  int width = display_width(column.header);
  for (const auto& cell : column.cells) width = std::max(width, display_width(cell));
  return width;
}

Printed print_column(const Table::Column& column, std::size_t rows) {
  Printed printed;
  printed.header = printable(column.header);
  printed.numeric = std::holds_alternative<std::vector<double>>(column.cells);
  printed.whole = column.whole;
  Table::Column shown = column;
  std::visit([&](auto& cells) { cells.resize(rows); }, shown.cells);
  printed.cells = formatted_cells(shown);
  for (auto& cell : printed.cells) cell = printable(cell);
  printed.width = widest(printed);
  return printed;
}

int total_width(const std::vector<Printed>& columns) {
  int width = 0;
  for (const auto& column : columns) width += column.width + gap;
  return width - gap;
}

/// Takes columns off the widest text columns until the table fits or they are at their narrowest.
void shrink_text(std::vector<Printed>& columns, int width) {
  for (int excess = total_width(columns) - width; excess > 0; --excess) {
    Printed* victim = nullptr;
    for (auto& column : columns) {
      if (!column.numeric && !column.whole && column.width > narrowest_text &&
          (victim == nullptr || column.width > victim->width)) {
        victim = &column;
      }
    }
    if (victim == nullptr) return;
    --victim->width;
  }
}

/// Groups of columns that fit side by side; every group after the first repeats column 0.
std::vector<std::vector<std::size_t>> split(const std::vector<Printed>& columns, int width) {
  std::vector<std::vector<std::size_t>> groups(1);
  int used = -gap;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (groups.back().size() > 1 && used + gap + columns[i].width > width) {
      groups.push_back({0});
      used = columns[0].width;
    }
    groups.back().push_back(i);
    used += gap + columns[i].width;
  }
  return groups;
}

std::string aligned_cell(const Printed& column, std::string_view cell) {
  return column.numeric ? pad_left(cell, column.width)
                        : pad_right(shorten(cell, std::max(1, column.width)), column.width);
}

void append_line(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

void append_group(std::string& out, const std::vector<Printed>& columns,
                  const std::vector<std::size_t>& group, const TerminalStyle& style) {
  std::string header;
  std::string rule;
  for (const std::size_t i : group) {
    const std::string space(i == group.front() ? 0 : gap, ' ');
    header += space + aligned_cell(columns[i], columns[i].header);
    rule += space + repeat("─", columns[i].width);
  }
  header.erase(header.find_last_not_of(' ') + 1);
  append_line(out, bold(header, style));
  append_line(out, rule);
  for (std::size_t row = 0; row < columns.front().cells.size(); ++row) {
    std::string line;
    for (const std::size_t i : group) {
      line += std::string(i == group.front() ? 0 : gap, ' ') +
              aligned_cell(columns[i], columns[i].cells[row]);
    }
    append_line(out, line);
  }
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string cell_csv(const Table::Column& column, std::size_t row) {
  if (const auto* text = std::get_if<std::vector<std::string>>(&column.cells)) {
    return csv_cell((*text)[row]);
  }
  const double value = std::get<std::vector<double>>(column.cells)[row];
  return std::isnan(value) ? std::string() : fmt::format("{}", value);
}

}  // namespace

OrderedJson finite_or_null(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson();
}

void Table::add(Column column) {
  const std::size_t size = std::visit([](const auto& cells) { return cells.size(); }, column.cells);
  if (!columns_.empty()) check_size("report::Table", column.header, size, rows_);
  if (std::ranges::any_of(columns_, [&](const Column& c) { return c.header == column.header; })) {
    throw ArgumentError("report::Table", "header",
                        fmt::format("\"{}\" names two columns, expected distinct names: rows of "
                                    "the JSON are keyed by them",
                                    column.header));
  }
  rows_ = size;
  columns_.push_back(std::move(column));
}

Table& Table::text(std::string header, std::vector<std::string> cells) {
  add({std::move(header), std::move(cells)});
  return *this;
}

Table& Table::names(std::string header, std::vector<std::string> cells) {
  add({std::move(header), std::move(cells), 4, true});
  return *this;
}

Table& Table::numbers(std::string header, std::vector<double> values, int digits) {
  check_positive("report::Table", "digits", digits);
  add({std::move(header), std::move(values), digits});
  return *this;
}

std::vector<std::string> formatted_cells(const Table::Column& column) {
  if (const auto* text = std::get_if<std::vector<std::string>>(&column.cells)) return *text;
  return format_numbers(std::get<std::vector<double>>(column.cells), column.digits);
}

std::string to_terminal(const Table& table, const TerminalStyle& style, std::size_t max_rows) {
  if (table.columns().empty()) return {};
  const std::size_t rows = max_rows == 0 ? table.rows() : std::min(table.rows(), max_rows);
  std::vector<Printed> columns;
  for (const auto& column : table.columns()) columns.push_back(print_column(column, rows));
  shrink_text(columns, style.width);
  std::string out;
  bool first = true;
  for (const auto& group : split(columns, style.width)) {
    if (!first) out += '\n';
    append_group(out, columns, group, style);
    first = false;
  }
  if (rows < table.rows()) out += fmt::format("… {}\n", counted(table.rows() - rows, "more row"));
  return out;
}

std::string to_csv(const Table& table) {
  std::string out;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    if (i > 0) out += ',';
    out += csv_cell(table.columns()[i].header);
  }
  if (!table.columns().empty()) out += '\n';
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t i = 0; i < table.columns().size(); ++i) {
      if (i > 0) out += ',';
      out += cell_csv(table.columns()[i], row);
    }
    out += '\n';
  }
  return out;
}

OrderedJson to_json(const Table& table) {
  OrderedJson rows = OrderedJson::array();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    OrderedJson object = OrderedJson::object();
    for (const auto& column : table.columns()) {
      if (const auto* text = std::get_if<std::vector<std::string>>(&column.cells)) {
        object[column.header] = (*text)[row];
      } else {
        const double value = std::get<std::vector<double>>(column.cells)[row];
        object[column.header] = finite_or_null(value);
      }
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

}  // namespace sextant::report
