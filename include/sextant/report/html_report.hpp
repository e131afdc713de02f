#pragma once

/// One self-contained HTML file: text, tables and charts, with the JavaScript that draws them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sextant/report/chart.hpp"
#include "sextant/report/table.hpp"

namespace sextant::report {

/// `text` with &, <, >, " and ' as entities; bytes that HTML does not allow become U+FFFD.
std::string html_escape(std::string_view text);

/// JSON that may stand inside a <script> element: every "<" is written as an escape.
std::string script_json(const OrderedJson& json);

/// What a reader needs to make the same file again. Shown at the end of the report.
struct Provenance {
  std::string command = {};  ///< As typed.
  std::string version = {};  ///< Of the program.
  /// Label and value: seed, input files with their sizes or hashes, options that matter.
  std::vector<std::pair<std::string, std::string>> details = {};
};

/// Builds a report from top to bottom. Every text is plain text and escaped here.
///
/// The file loads nothing: a content security policy forbids it, the chart libraries and their
/// licences are inside (about 0.9 MB). It holds no date, so equal input gives equal bytes.
class HtmlReport {
 public:
  explicit HtmlReport(std::string_view title, std::string_view subtitle = {});

  /// The answer in words, set off at the top: one statement and the facts behind it.
  void verdict(std::string_view statement, const std::vector<std::string>& facts = {});
  void section(std::string_view title);
  void paragraph(std::string_view text);
  /// Bullet points; nothing when there are none.
  void list(const std::vector<std::string>& items);
  /// `caption` may be empty.
  void table(const Table& table, std::string_view caption = {});
  /// The figure with its caption, its data as a table to unfold, and a link to the same as CSV.
  void figure(const Figure& figure);
  /// Always stands at the end; a second call replaces the first.
  void provenance(const Provenance& provenance);

  /// The whole document.
  std::string html() const;
  /// The figures so far, in their order.
  const std::vector<Figure>& figures() const { return figures_; }

 private:
  void panel(const Figure& figure, std::size_t index);
  void append_data(const Figure& figure);

  std::string title_;
  std::string body_;
  std::string footer_;
  std::vector<Figure> figures_;
  int charts_ = 0;
};

}  // namespace sextant::report
