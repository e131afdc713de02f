#include "sextant/task/fit_head.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <set>

#include "commands.hpp"
#include "output.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/model/finite_weights.hpp"
#include "sextant/readout/sentence_settings.hpp"
#include "sextant/report/table.hpp"
#include "sextant/tokenizer/load.hpp"
#include "standard_input.hpp"

namespace sextant::apps {
namespace {

struct FitHeadOptions {
  SharedOptions shared;
  OutputOptions output;
  std::string model;
  std::string data;
  std::string out;
};

/// Share of right answers when predictions are rounded to the nearer of two labels.
std::optional<double> accuracy(const std::vector<task::LabelledText>& data,
                               const Eigen::VectorXd& predictions) {
  std::set<double> labels;
  for (const auto& one : data) labels.insert(one.label);
  if (labels.size() != 2) return std::nullopt;
  const double middle = (*labels.begin() + *labels.rbegin()) / 2;
  int right = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    right += (data[i].label > middle) == (predictions(static_cast<Eigen::Index>(i)) > middle);
  }
  return right / static_cast<double>(data.size());
}

readout::RidgeFit fitted(const FitHeadOptions& options, const model::Weights<float>& weights,
                         const readout::SentenceSettings& settings,
                         const std::vector<task::LabelledText>& data) {
  const tokenizer::TokenizerReading reading = tokenizer::read_tokenizer(options.model);
  model::DirectoryNotes notes = *weights.notes;
  if (!reading.notes.empty()) notes.readings.push_back(reading.notes_line());
  notes.readings.insert(notes.readings.end(), settings.notes.begin(), settings.notes.end());
  warn_of_notes(notes, options.model, options.shared.quiet);
  const auto& tokenizer = reading.tokenizer;
  readout::check_lower_case(options.model, *tokenizer);
  Progress progress("embedding sentences", data.size(), !options.shared.quiet);
  try {
    return task::fit_head(weights, *tokenizer, settings.pooling, data, input_name(options.data),
                          [&](std::size_t done) { progress.update(done); });
  } catch (const NumericalError&) {
    model::check_finite_weights(options.model);
    throw;
  }
}

void run_fit_head(const FitHeadOptions& options) {
  apply_shared_options(options.shared);
  ResultFiles files(options.output, {{"--data", options.data}}, {{"--out", options.out}});
  const auto weights = model::load_weights<float>(options.model);
  if (weights.config.reads_features()) {
    throw InputError(options.model, "config.json",
                     "is a model of rows or of series, which has a head of its own");
  }
  if (weights.config.causal()) {
    throw InputError(options.model, "config.json",
                     "is a decoder; a head is fitted for an encoder, a decoder's readout is its "
                     "prompt's labels");
  }
  const auto data = is_standard_input(options.data)
                        ? task::parse_labelled_texts(read_standard_input("labelled sentences"),
                                                     standard_input_name)
                        : task::load_labelled_texts(options.data);
  if (const std::string note = task::note_on_quotes(data, input_name(options.data));
      !note.empty()) {
    warn({note}, options.shared.quiet);
  }
  const auto settings = readout::read_sentence_settings(options.model);
  const readout::Pooling& pooling = settings.pooling;
  const readout::RidgeFit fit = fitted(options, weights, settings, data);
  readout::write_head(options.out, fit.head);

  std::vector<std::string> warnings;
  if (fit.at_lower_edge) warnings.push_back("the best penalty is the smallest one tried");
  if (fit.at_upper_edge) warnings.push_back("the best penalty is the largest one tried");
  warn(warnings, options.shared.quiet);
  const auto correct = accuracy(data, fit.leave_one_out_predictions);
  report::OrderedJson json{{"examples", data.size()},
                           {"width", weights.config.width},
                           {"pooling", pooling_name(pooling)},
                           {"penalty", fit.penalty},
                           {"leave_one_out_error", fit.leave_one_out_error},
                           {"training_error", fit.training_error},
                           {"baseline_error", fit.baseline_error}};
  json["leave_one_out_accuracy"] =
      correct ? report::OrderedJson(*correct) : report::OrderedJson(nullptr);
  report::Table table;
  std::vector<std::string> names{"ridge penalty", "leave-one-out mean squared error",
                                 "training mean squared error",
                                 "leave-one-out error of the mean alone"};
  std::vector<double> values{fit.penalty, fit.leave_one_out_error, fit.training_error,
                             fit.baseline_error};
  if (correct) {
    names.emplace_back("leave-one-out accuracy");
    values.push_back(*correct);
  }
  table.text("fit", names).numbers("value", values);
  files.write(json,
              fmt::format("Linear head on {} sentences, width {}, pooling {}\n\n", data.size(),
                          weights.config.width, pooling_name(pooling)) +
                  to_terminal(table, report::terminal_style(1)) +
                  fmt::format("\nWritten to {}\n", options.out),
              {});
}

}  // namespace

void add_fit_head(CLI::App& app) {
  auto* command =
      app.add_subcommand("fit-head", "Fit a linear readout on an encoder's pooled embeddings");
  const auto options = std::make_shared<FitHeadOptions>();
  command->add_option("--model", options->model, "Model directory")->required();
  command
      ->add_option("--data", options->data,
                   "Labelled sentences: sentence<TAB>label; - for standard input")
      ->required();
  command->add_option("--out", options->out, "Head file to write (.safetensors)")->required();
  add_output_options(*command, options->output, false);
  add_shared_options(*command, options->shared);
  command->callback([options] { run_fit_head(*options); });
}

}  // namespace sextant::apps
