#include "summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <variant>

#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/model/directory.hpp"
#include "sextant/model/weights.hpp"
#include "sextant/readout/linear_head.hpp"
#include "sextant/readout/sentence_settings.hpp"
#include "sextant/report/table_rows.hpp"
#include "sextant/spectral/eigensystem.hpp"
#include "sextant/task/prompt.hpp"
#include "sextant/task/token_check.hpp"
#include "sextant/tokenizer/load.hpp"

namespace sextant::apps {
namespace {

using report::OrderedJson;
using report::Table;

/// Quantity and value, one per row.
std::string rows(const std::vector<std::pair<std::string, std::string>>& entries,
                 const report::TerminalStyle& style) {
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const auto& [name, value] : entries) {
    names.push_back(name);
    values.push_back(value);
  }
  return to_terminal(Table().text("quantity", names).text("value", values), style);
}

std::string number(double value) { return report::format_number(value); }

template <class Values>
std::string known(const Values& values) {
  return values.size() > 0 ? "known" : "not known";
}

/// One row per block: what it is and how large its kernel is.
Table block_table(const geometry::PromptGeometry& geometry) {
  std::vector<std::string> kinds;
  std::vector<double> parameters;
  std::vector<double> traces;
  std::vector<double> scales;
  for (std::size_t b = 0; b < geometry.blocks.size(); ++b) {
    kinds.push_back(geometry.blocks[b].kind);
    parameters.push_back(static_cast<double>(geometry.blocks[b].parameters));
    traces.push_back(geometry.kernels[b].trace());
    scales.push_back(geometry::scale_of(geometry.block_scales, geometry.blocks[b].name));
  }
  Table table = Table()
                    .names("block", geometry::block_names(geometry))
                    .text("kind", kinds)
                    .numbers("parameters", parameters)
                    .numbers("kernel trace", traces);
  if (!geometry.block_scales.empty()) table.numbers("scale held", scales);
  return table;
}

/// What was decided where the files disagree and what is not used: as text, empty for nothing, and
/// as keys of `json`.
std::string add_notes(const model::DirectoryNotes& notes, const report::TerminalStyle& style,
                      OrderedJson& json) {
  std::string text;
  const auto line = [&](const std::string& words) {
    text += report::wrap(words, style.width, "  ").replace(0, 1, "-") + "\n";
  };
  json["notes"] = notes.readings;
  json["unused"] = OrderedJson::object();
  if (!notes.readings.empty()) text += "\n";
  for (const std::string& reading : notes.readings) line(reading);
  for (const auto& [group, parts] :
       {std::pair("files", &notes.files), std::pair("tensors", &notes.tensors),
        std::pair("settings", &notes.settings)}) {
    json["unused"][group] = OrderedJson::array();
    if (!parts->empty()) text += fmt::format("\n{} that are not used:\n", group);
    for (const model::NotUsed& part : *parts) {
      json["unused"][group].push_back(sentence(part));
      line(sentence(part));
    }
  }
  return text;
}

}  // namespace

Summary summarize_geometry(const geometry::PromptGeometry& geometry,
                           const report::TerminalStyle& style) {
  const Eigen::MatrixXd kernel = geometry::summed_kernel(geometry);
  const spectral::Eigensystem system = spectral::decompose(kernel);
  const double lambda_max = system.values(0);
  const bool every_target_known =
      !geometry.query_targets.empty() &&
      std::ranges::all_of(geometry.query_targets,
                          [](const auto& target) { return target.has_value(); });
  Summary summary;
  summary.json = {{"format", "geometry"},
                  {"n", geometry.examples()},
                  {"queries", geometry.queries()},
                  {"residual_norm", geometry.residuals.norm()},
                  {"features", geometry.tokenwise ? "tokenwise" : "exact"},
                  {"trace", kernel.trace()},
                  {"lambda_max", lambda_max},
                  {"blocks", OrderedJson::array()}};
  for (std::size_t b = 0; b < geometry.blocks.size(); ++b) {
    const auto& block = geometry.blocks[b];
    summary.json["blocks"].push_back(
        {{"name", block.name},
         {"layer", block.layer},
         {"head", block.head ? OrderedJson(*block.head) : OrderedJson(nullptr)},
         {"kind", block.kind},
         {"parameters", block.parameters},
         {"trace", geometry.kernels[b].trace()},
         {"scale", geometry::scale_of(geometry.block_scales, block.name)}});
  }
  summary.text =
      rows({{"labelled examples n", std::to_string(geometry.examples())},
            {"queries m", std::to_string(geometry.queries())},
            {"blocks B", std::to_string(geometry.block_count())},
            {"residual norm |r|", number(geometry.residuals.norm())},
            {"features", std::string(geometry.tokenwise ? "tokenwise" : "exact")},
            {"trace of the summed kernel", number(kernel.trace())},
            {"its largest eigenvalue", number(lambda_max)},
            {"base predictions of the queries", known(geometry.query_base)},
            {"targets of the queries", std::string(every_target_known ? "known" : "not known")}},
           style) +
      "\n" + to_terminal(block_table(geometry), style, 40);
  return summary;
}

Summary summarize_model(const std::filesystem::path& directory,
                        const report::TerminalStyle& style) {
  const auto weights = model::load_weights<float>(directory);  // checks every shape
  const model::ModelConfig& config = weights.config;
  const model::ModelDirectory opened = model::open_directory(directory);
  const model::TensorSource& tensors = opened.tensors;
  std::vector<std::string> tokenizer_notes;
  std::size_t tokenizer_vocabulary = 0;  // a model of features has no tokenizer
  if (!config.reads_features()) {
    tokenizer::TokenizerReading reading = tokenizer::read_tokenizer(directory);
    tokenizer_vocabulary = reading.tokenizer->vocabulary_size();
    tokenizer_notes = std::move(reading.notes);
    std::string surplus = task::surplus_tokens(*reading.tokenizer, config.vocabulary);
    if (!surplus.empty()) tokenizer_notes.push_back(std::move(surplus));
  }
  std::map<std::string, std::size_t> by_type;
  std::size_t parameters = 0;
  for (const auto& parameter : model::parameter_shapes(config)) {
    const auto found = tensors.find(parameter.name, config.family);
    parameters += found.tensor->elements();
    ++by_type[found.tensor->type_name];
  }
  std::string types;
  for (const auto& [type, count] : by_type) {
    types += fmt::format("{}{} x {}", types.empty() ? "" : ", ", count, type);
  }
  Summary summary;
  summary.json = {{"format", "model"},
                  {"family", family_name(config.family)},
                  {"layers", config.layers},
                  {"heads", config.heads},
                  {"key_value_heads", config.key_heads()},
                  {"width", config.width},
                  {"head_width", config.head_width()},
                  {"inner", config.inner},
                  {"context", config.context},
                  {"vocabulary", config.vocabulary},
                  {"tokenizer_vocabulary", tokenizer_vocabulary},
                  {"parameters", parameters},
                  {"files", tensors.files().size()},
                  {"causal", config.causal()}};
  model::DirectoryNotes found = *weights.notes;
  found.readings.insert(found.readings.end(), tokenizer_notes.begin(), tokenizer_notes.end());
  std::optional<readout::SentenceSettings> sentences;
  if (config.is_encoder()) {
    sentences = readout::read_sentence_settings(directory);
    found.readings.insert(found.readings.end(), sentences->notes.begin(), sentences->notes.end());
  }
  const std::string notes = add_notes(found, style, summary.json);
  if (config.reads_features()) {
    const bool over_rows = config.reads_rows();
    summary.json["features"] = config.features;
    summary.text =
        rows({{"family", over_rows ? "rows of a table" : "series of numbers (decoder)"},
              {"layers x heads", fmt::format("{} x {}", config.layers, config.heads)},
              {"width, per head", fmt::format("{}, {}", config.width, config.head_width())},
              {"width of the MLP", std::to_string(config.inner)},
              {over_rows ? "most columns" : "numbers of a position",
               std::to_string(config.features)},
              {over_rows ? "most classes" : "most positions",
               std::to_string(over_rows ? config.vocabulary : config.context)},
              {"parameters", number(static_cast<double>(parameters))},
              {"tensors", types}},
             style) +
        notes;
    return summary;
  }
  std::vector<std::pair<std::string, std::string>> entries{
      {"family", family_name(config.family) + (config.causal() ? " (decoder)" : " (encoder)")},
      {"layers x heads",
       fmt::format("{} x {}{}", config.layers, config.heads,
                   config.key_heads() < config.heads
                       ? fmt::format(", {} of keys and values", config.key_heads())
                       : "")},
      {"width, per head", fmt::format("{}, {}", config.width, config.head_width())},
      {"width of the MLP", std::to_string(config.inner) + (config.is_gated() ? ", gated" : "")},
      {"context in tokens", std::to_string(config.context)},
      {"vocabulary", std::to_string(config.vocabulary)},
      {"tokenizer's vocabulary", std::to_string(tokenizer_vocabulary)},
      {"parameters", number(static_cast<double>(parameters))},
      {"tensors", types},
      {"weight files", std::to_string(tensors.files().size())}};
  if (config.causal()) {
    summary.json["tied_head"] = config.tied_head;
    entries.emplace_back("head", config.tied_head ? "the token embedding" : "its own");
  } else {
    const std::string pooling = pooling_name(sentences->pooling);
    summary.json["pooling"] = pooling;
    entries.emplace_back("pooling", pooling);
  }
  summary.text = rows(entries, style) + notes;
  return summary;
}

Summary summarize_prompt(const task::Prompt& prompt, const report::TerminalStyle& style) {
  const auto* decoder = std::get_if<task::DecoderPrompt>(&prompt);
  const auto* encoder = std::get_if<task::EncoderPrompt>(&prompt);
  const std::size_t examples =
      decoder != nullptr ? decoder->examples.size() : encoder->examples.size();
  const std::size_t queries =
      decoder != nullptr ? decoder->queries.size() : encoder->queries.size();
  const auto has_target = [](const auto& query) { return query.y.has_value(); };
  const auto targets =
      decoder != nullptr
          ? std::count_if(decoder->queries.begin(), decoder->queries.end(), has_target)
          : std::count_if(encoder->queries.begin(), encoder->queries.end(), has_target);
  Summary summary;
  summary.json = {{"format", "prompt"},
                  {"kind", decoder != nullptr ? "decoder" : "encoder"},
                  {"examples", examples},
                  {"queries", queries},
                  {"targets", targets}};
  std::vector<std::pair<std::string, std::string>> entries{
      {"kind", decoder != nullptr ? "decoder" : "encoder"},
      {"labelled examples n", std::to_string(examples)},
      {"queries m", std::to_string(queries)},
      {"queries with a target", std::to_string(targets)}};
  if (decoder != nullptr) {
    summary.json["labels"] = decoder->labels.size();
    summary.json["supervision"] = name_of(decoder->supervision);
    entries.emplace_back("supervision", name_of(decoder->supervision));
    entries.emplace_back("labels", std::to_string(decoder->labels.size()));
    entries.emplace_back("example template", report::printable(decoder->pattern.example));
    entries.emplace_back("query template", report::printable(decoder->pattern.query));
  }
  summary.text = rows(entries, style);
  return summary;
}

Summary summarize_head(const readout::LinearHead& head, const report::TerminalStyle& style) {
  Summary summary;
  summary.json = {{"format", "head"},
                  {"width", head.weight.size()},
                  {"weight_norm", head.weight.norm()},
                  {"bias", head.bias},
                  {"pooling", pooling_name(head.pooling)}};
  summary.text = rows({{"width", std::to_string(head.weight.size())},
                       {"norm of the weight", number(head.weight.norm())},
                       {"bias", number(head.bias)},
                       {"pooling", pooling_name(head.pooling)}},
                      style);
  return summary;
}

Summary summarize_table(const task::ClassTable& table, const report::TerminalStyle& style) {
  std::vector<std::string> kinds;
  std::vector<double> missing;
  std::vector<std::string> used;
  for (std::size_t c = 0; c < table.names.size(); ++c) {
    const int categories = table.categories[c];
    kinds.push_back(categories == 0 ? "numbers" : fmt::format("{} categories", categories));
    missing.push_back(static_cast<double>(
        table.columns.col(static_cast<Eigen::Index>(c)).array().isNaN().count()));
    const bool unused = std::ranges::find(table.unused, table.names[c]) != table.unused.end();
    used.emplace_back(unused ? "no" : "yes");
  }
  Summary summary;
  summary.json = {{"format", "table"},
                  {"rows", table.labels.size()},
                  {"labelled", table.examples.size()},
                  {"columns", table.names},
                  {"categories", table.categories},
                  {"missing", missing},
                  {"classes", table.classes}};
  summary.json["table"] = report::to_json(table);
  const std::vector<std::pair<std::string, std::string>> entries{
      {"rows read as examples", std::to_string(table.examples.size())},
      {"rows read as queries", std::to_string(table.queries.size())},
      {"rows not read", std::to_string(table.unread)},
      {"column of the label", report::printable(table.label)},
      {"classes", std::to_string(table.classes.size())}};
  summary.text = rows(entries, style) + "\n" +
                 to_terminal(Table()
                                 .names("column", table.names)
                                 .text("kind", kinds)
                                 .numbers("missing", missing)
                                 .text("used", used),
                             style, 40);
  if (!table.notes.empty()) summary.text += "\n";
  for (const std::string& note : table.notes) {
    std::string lines = report::wrap(report::printable(note), style.width, "  ");
    lines[0] = '-';
    summary.text += lines + "\n";
  }
  return summary;
}

}  // namespace sextant::apps
