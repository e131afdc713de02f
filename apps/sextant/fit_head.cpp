#include "sextant/task/fit_head.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "commands.hpp"
#include "program/output.hpp"
#include "program/shared_options.hpp"
#include "program/standard_input.hpp"
#include "sextant/core/progress.hpp"
#include "sextant/report/table.hpp"

namespace sextant::apps {
namespace {

struct FitHeadOptions {
  SharedOptions shared;
  OutputOptions output;
  std::string model;
  std::string data;
  std::string out;
};

readout::RidgeFit fitted(const FitHeadOptions& options, const task::SentenceEncoder& encoder,
                         const std::vector<task::LabelledText>& data) {
  Progress progress("embedding sentences", data.size(), !options.shared.quiet);
  return task::fit_head(encoder, data, input_name(options.data),
                        [&](std::size_t done) { progress.update(done); });
}

void run_fit_head(const FitHeadOptions& options) {
  apply_shared_options(options.shared);
  ResultFiles files(options.output, {{"--data", options.data}}, {{"--out", options.out}});
  const task::SentenceEncoder encoder = task::load_sentence_encoder(options.model);
  const auto data = is_standard_input(options.data)
                        ? task::parse_labelled_texts(read_standard_input("labelled sentences"),
                                                     standard_input_name)
                        : task::load_labelled_texts(options.data);
  if (const std::string note = task::note_on_quotes(data, input_name(options.data));
      !note.empty()) {
    warn({note}, options.shared.quiet);
  }
  warn_of_notes(encoder.notes, options.model, options.shared.quiet);
  const readout::RidgeFit fit = fitted(options, encoder, data);
  readout::write_head(options.out, fit.head);
  warn(fit.warnings, options.shared.quiet);
  const std::optional<double>& correct = fit.leave_one_out_accuracy;
  const int width = encoder.weights.config.width;
  report::OrderedJson json{{"examples", data.size()},
                           {"width", width},
                           {"pooling", pooling_name(encoder.pooling)},
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
                          width, pooling_name(encoder.pooling)) +
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
