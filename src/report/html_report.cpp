#include "sextant/report/html_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "assets.hpp"

namespace sextant::report {
namespace {

/// Rows of a chart's data that the page shows; the CSV holds all.
constexpr std::size_t rows_shown = 200;

/// No scheme but data: anything that would go to a network is refused by the browser. Vega compiles
/// its expressions with Function, hence 'unsafe-eval'; they come from this file alone.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'";

bool is_numeric(const Table::Column& column) {
  return std::holds_alternative<std::vector<double>>(column.cells);
}

/// Cells of more characters may be broken anywhere, so that they push no column out of the page.
constexpr std::size_t long_cell = 40;

std::string cell_class(const Table::Column& column, const std::vector<std::string>& cells) {
  if (is_numeric(column)) return " class=\"number\"";
  const auto is_long = [](const std::string& cell) { return cell.size() > long_cell; };
  return std::ranges::any_of(cells, is_long) ? " class=\"long\"" : "";
}

std::string table_html(const Table& table, std::string_view caption, std::size_t most_rows) {
  std::string out = "<div class=\"scroll\"><table>\n";
  if (!caption.empty()) out += "<caption>" + html_escape(caption) + "</caption>\n";
  out += "<thead><tr>";
  std::vector<std::vector<std::string>> cells;
  std::vector<std::string> classes;
  for (const auto& column : table.columns()) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>", is_numeric(column) ? " class=\"number\"" : "",
                       html_escape(column.header));
    cells.push_back(formatted_cells(column));
    classes.push_back(cell_class(column, cells.back()));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < std::min(table.rows(), most_rows); ++row) {
    out += "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += fmt::format("<td{}>{}</td>", classes[i], html_escape(cells[i][row]));
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (table.rows() > most_rows) {
    out += fmt::format("<p>{} further rows are in the CSV.</p>\n", table.rows() - most_rows);
  }
  return out;
}

/// Percent-encodes everything but unreserved characters.
std::string data_uri(std::string_view csv) {
  std::string out = "data:text/csv;charset=utf-8,";
  for (const char c : csv) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

std::string html_escape(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string script_json(const OrderedJson& json) {
  const std::string text = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

HtmlReport::HtmlReport(std::string_view title, std::string_view subtitle)
    : title_(html_escape(title)) {
  body_ = "<header>\n<h1>" + title_ + "</h1>\n";
  if (!subtitle.empty()) body_ += "<p class=\"subtitle\">" + html_escape(subtitle) + "</p>\n";
  body_ += "</header>\n<main>\n";
}

void HtmlReport::verdict(std::string_view statement, const std::vector<std::string>& facts) {
  body_ +=
      "<section class=\"verdict\" aria-label=\"Verdict\">\n<p>" + html_escape(statement) + "</p>\n";
  list(facts);
  body_ += "</section>\n";
}

void HtmlReport::list(const std::vector<std::string>& items) {
  if (items.empty()) return;
  body_ += "<ul>\n";
  for (const auto& item : items) body_ += "<li>" + html_escape(item) + "</li>\n";
  body_ += "</ul>\n";
}

void HtmlReport::section(std::string_view title) {
  body_ += "<h2>" + html_escape(title) + "</h2>\n";
}

void HtmlReport::paragraph(std::string_view text) { body_ += "<p>" + html_escape(text) + "</p>\n"; }

void HtmlReport::table(const Table& table, std::string_view caption) {
  body_ += table_html(table, caption, table.rows());
}

void HtmlReport::panel(const Figure& figure, std::size_t index) {
  const Panel& panel = figure.panels[index];
  const std::string id = fmt::format("chart-{}", ++charts_);
  const std::string name = html_escape(panel_name(figure, index));
  body_ +=
      fmt::format("<div class=\"chart\" data-chart=\"{}\" data-name=\"{}\"></div>\n", id, name);
  body_ += fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", id,
                       script_json(with_data(panel)));
}

void HtmlReport::append_data(const Figure& figure) {
  std::vector<const Table*> tables;  // Panels may share their data.
  std::vector<std::string> csv;
  for (const auto& panel : figure.panels) {
    std::string text = to_csv(panel.data);
    if (std::find(csv.begin(), csv.end(), text) != csv.end()) continue;
    tables.push_back(&panel.data);
    csv.push_back(std::move(text));
  }
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const std::string number = csv.size() == 1 ? "" : fmt::format("-{}", i + 1);
    const std::string name = html_escape(figure.name + number + ".csv");
    body_ += fmt::format(
        "<details class=\"data\"><summary>Data: {}</summary>\n<p><a download=\"{}\" "
        "href=\"{}\">Download {}</a></p>\n{}</details>\n",
        name, name, data_uri(csv[i]), name, table_html(*tables[i], {}, rows_shown));
  }
}

void HtmlReport::figure(const Figure& figure) {
  figures_.push_back(figure);
  body_ += "<figure>\n<h3>" + html_escape(figure.title) + "</h3>\n";
  for (std::size_t i = 0; i < figure.panels.size(); ++i) panel(figure, i);
  body_ += fmt::format("<figcaption><strong>Figure {}.</strong> {}</figcaption>\n", figures_.size(),
                       html_escape(figure.caption));
  append_data(figure);
  body_ += "</figure>\n";
}

void HtmlReport::provenance(const Provenance& provenance) {
  footer_ = "<footer>\n<h2>How to make this report again</h2>\n";
  footer_ += "<pre>" + html_escape(provenance.command) + "</pre>\n<dl>\n";
  footer_ += "<dt>version</dt><dd>" + html_escape(provenance.version) + "</dd>\n";
  for (const auto& [label, value] : provenance.details) {
    footer_ += "<dt>" + html_escape(label) + "</dt><dd>" + html_escape(value) + "</dd>\n";
  }
  footer_ += "</dl>\n</footer>\n";
}

std::string HtmlReport::html() const {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", policy);
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         title_ + "</title>\n<style>\n";
  out += assets::style;
  out += "</style>\n</head>\n<body>\n" + body_ + "</main>\n" + footer_;
  if (charts_ > 0) {
    out += "<noscript><p>The charts need JavaScript; their data is in the tables.</p></noscript>\n";
    out += "<!--\n";
    out += assets::vega_licence;
    out += "-->\n";
    for (const auto script : {assets::vega, assets::vega_lite, assets::vega_embed,
                              assets::chart_config, assets::script}) {
      out += "<script>";
      out += script;
      out += "</script>\n";
    }
  }
  return out + "</body>\n</html>\n";
}

}  // namespace sextant::report
