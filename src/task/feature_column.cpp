#include "feature_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"

namespace sextant::task {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t fewest_identifiers = 3;

/// A column while it is read.
class Column {
 public:
  Column(const std::string& name, const std::vector<RowPlace>& examples, ColumnNotes& notes)
      : name_(name), examples_(examples), notes_(notes) {
    main_ = examples.front().file;
    has_plus_ = std::ranges::any_of(examples, [](const auto& cell) { return cell.text() == "+"; });
    for (const RowPlace& cell : examples) {
      if (!skip(cell)) known_.push_back(cell);
    }
    for (const RowPlace& cell : known_) texts_.push_back(cell.text());
  }

  DecimalMark mark() const { return decimal_mark(notation_of(texts_, main_->delimiter), texts_); }

  FeatureColumn read(bool categorical, DecimalMark mark, const std::vector<RowPlace>& queries) {
    ColumnNotation notation = notation_of(texts_, main_->delimiter);
    prefer(notation, mark);
    FeatureColumn column;
    column.values.resize(static_cast<Eigen::Index>(examples_.size() + queries.size()));
    column.values.setConstant(missing);
    if (texts_.empty()) {
      notes_.empty.push_back(name_);
    } else if (categorical || notation.all.empty()) {
      const bool mixed = !categorical && 2 * notation.numbers >= texts_.size();
      if (mixed) note_numbers(notation);
      column.categories = read_categories(queries, column.values, mixed);
    } else {
      if (mark == DecimalMark::unknown) note_points(notation);
      read_numbers(notation.all, queries, column.values);
    }
    return column;
  }

 private:
  /// A dash is a category where a plus is one.
  bool skip(const RowPlace& cell) const {
    return is_missing(cell.text()) && !(has_plus_ && cell.text() == "-");
  }

  void note_numbers(const ColumnNotation& notation) {
    notes_.sentences.push_back(fmt::format(
        "column \"{}\" is {} numbers ({} of {}), but is read as categories because of {}", name_,
        2 * notation.numbers > texts_.size() ? "mostly" : "half", notation.numbers, texts_.size(),
        known_[notation.first_other].quoted(nullptr)));
  }

  void note_points(const ColumnNotation& notation) {
    const auto first = possible_thousands(notation, texts_);
    if (!first) return;
    auto& [columns, example] = notes_.doubtful_points;
    if (columns.empty()) {
      const RowPlace& cell = known_[*first];
      example =
          fmt::format("{} is {}", cell.quoted(main_), *notation.all.front().read(cell.text()));
    }
    columns.push_back(name_);
  }

  /// Calls use(place in the values, cell) for every cell that is not missing, examples first.
  template <class Use>
  void for_each(const std::vector<RowPlace>& queries, const Use& use) const {
    Eigen::Index i = 0;
    for (const auto* cells : {&examples_, &queries}) {
      for (const RowPlace& cell : *cells) {
        if (!skip(cell)) use(i, cell);
        ++i;
      }
    }
  }

  bool is_example(Eigen::Index i) const { return i < static_cast<Eigen::Index>(examples_.size()); }

  /// `mixed`: are mostly numbers, which says enough.
  int read_categories(const std::vector<RowPlace>& queries, Eigen::VectorXd& values, bool mixed) {
    const Names names(texts_);
    const std::size_t count = names.names().size();
    if (count == 1) notes_.constant.push_back(name_);
    if (!mixed && count == texts_.size() && count >= fewest_identifiers) {
      notes_.identifiers.push_back(name_);
    }
    if (!names.merged().first.empty()) {
      notes_.sentences.push_back(
          fmt::format("column \"{}\" has numbers as categories, so \"{}\" and \"{}\" are one",
                      name_, names.merged().first, names.merged().second));
    }
    if (const LikeNames alike = like_names(names.names()); !alike.first.empty()) {
      auto& [columns, example] = notes_.alike[std::string(alike.how)];
      if (columns.empty()) example = fmt::format("\"{}\" and \"{}\"", alike.first, alike.second);
      columns.push_back(name_);
    }
    for (const RowPlace& cell : examples_) {
      if (!cell.text().empty() && skip(cell)) notes_.missing_words.add(cell.quoted(nullptr));
    }
    for_each(queries, [&](Eigen::Index i, const RowPlace& cell) {
      const int place = names.find(cell.text());
      if (place >= 0) {
        values(i) = place;
      } else {
        notes_.unknown_categories.add(cell.quoted(main_));
      }
    });
    return static_cast<int>(count);
  }

  void read_numbers(const std::vector<Notation>& notations, const std::vector<RowPlace>& queries,
                    Eigen::VectorXd& values) {
    for_each(queries, [&](Eigen::Index i, const RowPlace& cell) {
      const auto fitting = std::ranges::find_if(
          notations, [&](const Notation& one) { return one.read(cell.text()).has_value(); });
      if (fitting == notations.end()) {
        notes_.not_numbers.add(cell.quoted(main_));
        return;
      }
      values(i) = *fitting->read(cell.text());
      if (!std::isfinite(values(i))) {
        throw InputError(cell.file->file, cell.file->place(cell.row, cell.column),
                         fmt::format("is {}, expected a finite number; a column of categories can "
                                     "be named as categorical",
                                     io::quoted_cell(cell.text())));
      }
      note_notation(*fitting, cell, values(i));
    });
    const auto known = values.head(static_cast<Eigen::Index>(examples_.size())).array();
    const auto same = [first = values(first_known(values))](double x) {
      return std::isnan(x) || x == first;
    };
    if (std::ranges::all_of(known, same)) notes_.constant.push_back(name_);
  }

  static Eigen::Index first_known(const Eigen::VectorXd& values) {
    return std::ranges::find_if(values, [](double x) { return !std::isnan(x); }) - values.begin();
  }

  void note_notation(const Notation& notation, const RowPlace& cell, double value) {
    // A column of whole numbers may have any mark: only a cell with one shows it.
    Notation shown_notation = notation;
    if (cell.text().find_first_of(",.") == std::string_view::npos) shown_notation.decimal = '.';
    std::string description = shown_notation.description();
    if (description.empty() && !has_wide_minus(cell.text())) return;
    if (description.empty()) description = "the minus sign U+2212";
    // Of a column with, say, commas between thousands the first cell that shows it.
    const bool shown = !notation.unit.empty() || Notation().read(cell.text()) != value ||
                       has_wide_minus(cell.text());
    if (!shown) return;
    auto& [columns, example] = notes_.notations[description];
    if (columns.empty()) example = fmt::format("{} is {}", cell.quoted(main_), value);
    if (columns.empty() || columns.back() != name_) columns.push_back(name_);
  }

  const std::string& name_;
  const std::vector<RowPlace>& examples_;
  ColumnNotes& notes_;
  const io::CsvTable* main_ = nullptr;
  bool has_plus_ = false;
  std::vector<RowPlace> known_;  ///< Cells of examples that are not missing.
  std::vector<std::string_view> texts_;
};

}  // namespace

std::string RowPlace::quoted(const io::CsvTable* main) const {
  const std::string elsewhere = main == nullptr || main == file ? "" : file->file + ", ";
  return fmt::format("{} in {}{}", io::quoted_cell(text()), elsewhere, file->place(row, column));
}

DecimalMark decimal_mark(const std::vector<RowPlace>& examples) {
  ColumnNotes none;
  return Column("", examples, none).mark();
}

FeatureColumn read_feature_column(const std::string& name, bool categorical, DecimalMark mark,
                                  const std::vector<RowPlace>& examples,
                                  const std::vector<RowPlace>& queries, ColumnNotes& notes) {
  return Column(name, examples, notes).read(categorical, mark, queries);
}

std::vector<std::string> ColumnNotes::text() const {
  std::vector<std::string> result;
  const auto columns = [](const std::vector<std::string>& names) {
    return fmt::format("column{} {}", names.size() == 1 ? "" : "s", listed(names));
  };
  const auto add_missing = [&](const Tally& tally, std::string_view which, std::string_view why) {
    if (tally.count == 0) return;
    const bool one = tally.count == 1;
    result.push_back(fmt::format("{} cell{} of {} count{} as missing{}, first {}", tally.count,
                                 one ? "" : "s", which, one ? "s" : "", why, tally.first));
  };
  for (const auto& [description, use] : notations) {
    result.push_back(
        fmt::format("{}: numbers with {} ({})", columns(use.first), description, use.second));
  }
  if (const auto& [names, example] = doubtful_points; !names.empty()) {
    result.push_back(fmt::format(
        "{}: points are read as decimal points ({}), but may stand between thousands: if so, leave "
        "them out of the file",
        columns(names), example));
  }
  result.insert(result.end(), sentences.begin(), sentences.end());
  for (const auto& [how, use] : alike) {
    result.push_back(
        fmt::format("{}: categories differ in {} alone ({})", columns(use.first), how, use.second));
  }
  if (!identifiers.empty()) {
    result.push_back(columns(identifiers) +
                     ": every example has a category of its own, as with identifiers; leave them "
                     "out of the file where they cannot occur again");
  }
  add_missing(missing_words, "categories", "");
  if (!constant.empty()) {
    result.push_back(columns(constant) + ": not used, since all examples have one value there");
  }
  if (!empty.empty()) {
    result.push_back(columns(empty) + ": not used, since no example has a value there");
  }
  add_missing(unknown_categories, "queries", ", since no example has that category");
  add_missing(not_numbers, "queries", ", since they are no numbers as the examples write them");
  return result;
}

}  // namespace sextant::task
