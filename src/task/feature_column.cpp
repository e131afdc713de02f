#include "feature_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "category_names.hpp"
#include "cell_kinds.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"

namespace sextant::task {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t fewest_identifiers = 3;

const std::string units_sentence =
    "are numbers with a unit, which are read as categories; write the numbers alone";
const std::string dates_sentence =
    "are dates or times, which are read as categories; write numbers in their place, such as days "
    "since a fixed one, or leave them out of the file";

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
    const ColumnNotation notation = notation_of(texts_, main_->delimiter);
    FeatureColumn column;
    column.values.resize(static_cast<Eigen::Index>(examples_.size() + queries.size()));
    column.values.setConstant(missing);
    if (texts_.empty()) {
      notes_.empty.push_back(name_);
    } else if (categorical || notation.all.empty()) {
      const bool mixed = !categorical && 2 * notation.numbers >= texts_.size();
      if (mixed) note_numbers(notation);
      const bool told = mixed || (!categorical && note_no_names());
      column.categories = read_categories(queries, column.values, told);
    } else {
      const Notation chosen = chosen_notation(notation, mark, texts_);
      read_numbers(chosen, queries, column.values);
      note_notation(chosen, queries);
      if (mark == DecimalMark::unknown) note_points(notation, chosen, queries);
    }
    return column;
  }

 private:
  bool skip(const RowPlace& cell) const { return is_missing(cell.text(), has_plus_); }

  void note_numbers(const ColumnNotation& notation) {
    notes_.sentences.push_back(fmt::format(
        "column \"{}\" is {} numbers ({} of {}), but is read as categories because of {}", name_,
        2 * notation.numbers > texts_.size() ? "mostly" : "half", notation.numbers, texts_.size(),
        known_[notation.first_other].quoted()));
  }

  /// Points that may stand between thousands: of the examples, or where these have none of a query.
  void note_points(const ColumnNotation& notation, const Notation& chosen,
                   const std::vector<RowPlace>& queries) {
    const auto add = [&](const RowPlace& cell, bool of_queries) {
      auto& [columns, shown] = notes_.doubtful_points[of_queries];
      if (columns.empty()) {
        shown = fmt::format("{} is {}", cell.quoted(), *chosen.read(cell.text()));
      }
      columns.push_back(name_);
    };
    if (const auto first = possible_thousands(notation, chosen, texts_)) {
      add(known_[*first], false);
      return;
    }
    const auto first = std::ranges::find_if(queries, [&](const RowPlace& cell) {
      return chosen.read(cell.text()) && has_doubtful_point(notation, chosen, cell.text());
    });
    if (first != queries.end() && std::ranges::none_of(texts_, has_point)) add(*first, true);
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

  /// Whether the cells are no names of categories, which is told.
  bool note_no_names() {
    if (std::ranges::all_of(texts_, [&](auto text) { return text == texts_.front(); })) {
      return false;
    }
    const bool dates = are_dates(texts_);
    if (!dates && !are_numbers_with_unit(texts_)) return false;
    auto& [columns, cell] = notes_.no_names[dates ? dates_sentence : units_sentence];
    if (columns.empty()) cell = known_.front().quoted();
    columns.push_back(name_);
    return true;
  }

  /// `told`: what kind of cells these are has been said already.
  int read_categories(const std::vector<RowPlace>& queries, Eigen::VectorXd& values, bool told) {
    const Names names(texts_);
    const std::size_t count = names.names().size();
    if (count == 1) notes_.constant.push_back(name_);
    if (!told && count == texts_.size() && count >= fewest_identifiers) {
      notes_.identifiers.push_back(name_);
    }
    if (!names.merged().first.empty()) {
      notes_.sentences.push_back(
          fmt::format("column \"{}\" has numbers as categories, so \"{}\" and \"{}\" are one",
                      name_, names.merged().first, names.merged().second));
    }
    const std::vector<LikeNames> alike = like_names(names.names());
    for (const std::string how : {"case", "spelling"}) {
      const std::string pairs = like_names_text(alike, how);
      if (pairs.empty()) continue;
      auto& [columns, example] = notes_.alike[how];
      if (columns.empty()) example = pairs;
      columns.push_back(name_);
    }
    for (const RowPlace& cell : examples_) {
      if (!cell.text().empty() && skip(cell)) notes_.missing_words.add(cell.quoted());
    }
    for_each(queries, [&](Eigen::Index i, const RowPlace& cell) {
      const int place = names.find(cell.text());
      if (place >= 0) {
        values(i) = place;
      } else {
        notes_.unknown_categories.add(cell.quoted());
      }
    });
    return static_cast<int>(count);
  }

  void read_numbers(const Notation& notation, const std::vector<RowPlace>& queries,
                    Eigen::VectorXd& values) {
    for_each(queries, [&](Eigen::Index i, const RowPlace& cell) {
      const auto value = notation.read(cell.text());
      if (!value) {
        Tally& tally = is_number(cell.text()) ? notes_.other_notations : notes_.not_numbers;
        tally.add(cell.quoted());
        return;
      }
      values(i) = *value;
      if (!std::isfinite(values(i))) {
        throw InputError(cell.file->file, cell.file->place(cell.row, cell.column),
                         fmt::format("is {}, expected a finite number; a column of categories can "
                                     "be named as categorical",
                                     io::quoted_cell(cell.text())));
      }
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

  /// Names the notation with the first cell that is no plain number.
  void note_notation(const Notation& notation, const std::vector<RowPlace>& queries) {
    Notation shown = notation;
    shown.decimal = '.';  // a column of whole numbers may have any mark: only a cell shows it
    std::optional<std::pair<bool, std::string>> first;
    std::optional<std::pair<bool, std::string>> first_minus;
    for_each(queries, [&](Eigen::Index i, const RowPlace& cell) {
      const auto value = notation.read(cell.text());
      if (!value) return;
      if (cell.text().find_first_of(",.") != std::string_view::npos) {
        shown.decimal = notation.decimal;
      }
      const bool is_plain = notation.unit.empty() && plain_number(cell.text()) == value;
      const auto take = [&](auto& place) {
        place = {!is_example(i), fmt::format("{} is {}", cell.quoted(), *value)};
      };
      if (!first && !is_plain) take(first);
      if (!first_minus && has_wide_minus(cell.text())) take(first_minus);
    });
    const auto add = [&](const auto& cell, const std::string& description) {
      if (!cell) return;
      auto& [columns, example] = notes_.notations[{cell->first, description}];
      if (columns.empty()) example = cell->second;
      columns.push_back(name_);
    };
    add(first, shown.description());
    add(first_minus, "the minus sign U+2212");
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

std::string RowPlace::quoted() const {
  return fmt::format("{} in {}", io::quoted_cell(text()), file->place(row, column));
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

}  // namespace sextant::task
