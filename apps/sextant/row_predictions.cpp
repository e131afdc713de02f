#include "row_predictions.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "sextant/readout/class_probabilities.hpp"

namespace sextant::apps {
namespace {

using Outcomes = std::span<const ttt::QueryOutcome>;

struct Guess {
  std::string name;  ///< Empty without probabilities.
  double probability = std::nan("");
};

/// The most probable class; `scalars` are one row's, in order.
Guess guess(const std::vector<std::string>& classes, Outcomes scalars,
            double ttt::QueryOutcome::*prediction) {
  std::vector<double> p;
  for (const ttt::QueryOutcome& scalar : scalars) p.push_back(scalar.*prediction);
  if (classes.size() == 2) p.insert(p.begin(), 1 - p.front());
  if (std::ranges::any_of(p, [](double value) { return std::isnan(value); })) return {};
  const auto best = std::ranges::max_element(p);
  return {classes[static_cast<std::size_t>(best - p.begin())], *best};
}

/// The class whose scalar has the target 1; empty when it is unknown or no class of the examples.
std::string known_class(const std::vector<std::string>& classes, Outcomes scalars) {
  if (!scalars.front().target) return {};
  if (classes.size() == 2) return classes[*scalars.front().target == 1 ? 1 : 0];
  for (std::size_t k = 0; k < scalars.size(); ++k) {
    if (scalars[k].target == 1.0) return classes[k];
  }
  return {};
}

report::OrderedJson guess_json(const Guess& guess) {
  if (guess.name.empty()) return nullptr;
  return {{"class", guess.name}, {"probability", guess.probability}};
}

}  // namespace

void add_row_predictions(const task::ClassTable* table, const ttt::Adaptation& adaptation,
                         const report::TerminalStyle& style, report::OrderedJson& json,
                         std::string& text) {
  if (table == nullptr || adaptation.queries.empty()) return;
  const std::vector<std::string>& classes = table->classes;
  const auto per_row =
      static_cast<std::size_t>(readout::scalars_per_row(static_cast<int>(classes.size())));
  json["rows"] = report::OrderedJson::array();
  std::vector<double> numbers;
  std::vector<Guess> before;
  std::vector<Guess> after;
  std::vector<std::string> known;
  for (std::size_t first = 0; first < adaptation.queries.size(); first += per_row) {
    const Outcomes scalars = Outcomes(adaptation.queries).subspan(first, per_row);
    const auto number = static_cast<std::size_t>(scalars.front().query) / per_row;
    numbers.push_back(static_cast<double>(number));
    before.push_back(guess(classes, scalars, &ttt::QueryOutcome::base));
    after.push_back(guess(classes, scalars, &ttt::QueryOutcome::adapted));
    known.push_back(known_class(classes, scalars));
    json["rows"].push_back({{"row", number},
                            {"base", guess_json(before.back())},
                            {"adapted", guess_json(after.back())},
                            {"known", known.back().empty() ? report::OrderedJson()
                                                           : report::OrderedJson(known.back())}});
  }
  report::Table shown;
  shown.numbers("row", numbers).text_of("before", before, &Guess::name);
  shown.numbers_of("P before", before, &Guess::probability, 3);
  shown.text_of("after", after, &Guess::name);
  shown.numbers_of("P after", after, &Guess::probability, 3);
  if (std::ranges::any_of(known, [](const std::string& name) { return !name.empty(); })) {
    shown.text("known", known);
  }
  text += "\nMost probable class of each row\n" + to_terminal(shown, style, 40);
}

}  // namespace sextant::apps
