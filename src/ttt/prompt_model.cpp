#include "sextant/ttt/prompt_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sextant/core/errors.hpp"
#include "sextant/core/memory.hpp"
#include "sextant/model/finite_weights.hpp"
#include "sextant/model/prediction.hpp"
#include "sextant/task/class_table.hpp"

namespace sextant::ttt {
namespace {

constexpr std::string_view accumulate_name = "PromptModel::accumulate";

std::vector<std::vector<int>> all_sequences(const task::EncodedPrompt& prompt) {
  auto sequences = prompt.example_tokens;
  sequences.insert(sequences.end(), prompt.query_tokens.begin(), prompt.query_tokens.end());
  return sequences;
}

ModelKind kind_of(const task::EncodedPrompt& prompt) {
  if (prompt.table != nullptr) return ModelKind::of_rows;
  return prompt.causal ? ModelKind::decoder : ModelKind::encoder;
}

/// Throws `ArgumentError` unless `given` could be weights of the model `own`.
void check_same_sizes(std::string_view function, const model::ModelConfig& own,
                      const model::ModelConfig& given) {
  const auto refuse = [&](std::string_view what, const auto& value, const auto& expected) {
    throw ArgumentError(
        function, "weights",
        fmt::format("are of another model: {} {}, expected {}", what, value, expected));
  };
  if (given.family != own.family) {
    refuse("family", family_name(given.family), family_name(own.family));
  }
  for (const auto& [what, size] :
       {std::pair("layers", &model::ModelConfig::layers),
        std::pair("heads", &model::ModelConfig::heads),
        std::pair("width", &model::ModelConfig::width),
        std::pair("key-value heads", &model::ModelConfig::key_value_heads),
        std::pair("width of a head", &model::ModelConfig::head_size),
        std::pair("width of the MLP", &model::ModelConfig::inner),
        std::pair("vocabulary", &model::ModelConfig::vocabulary),
        std::pair("context", &model::ModelConfig::context),
        std::pair("features", &model::ModelConfig::features)}) {
    if (given.*size != own.*size) refuse(what, given.*size, own.*size);
  }
}

/// Throws `ArgumentError` unless the parts of `prompt` fit one another.
void check_parts(const task::EncodedPrompt& prompt) {
  constexpr std::string_view here = "PromptModel";
  if (prompt.example_tokens.empty()) {
    throw ArgumentError(here, "prompt.example_tokens", "is empty, expected at least 1 example");
  }
  check_size(here, "prompt.example_targets", prompt.example_targets.size(),
             prompt.example_tokens.size());
  check_finite(here, "prompt.example_targets", prompt.example_targets);
  check_size(here, "prompt.query_targets", prompt.query_targets.size(), prompt.query_tokens.size());
  for (std::size_t x = 0; x < prompt.query_targets.size(); ++x) {
    if (!prompt.query_targets[x]) continue;
    check_finite(here, fmt::format("prompt.query_targets[{}]", x), *prompt.query_targets[x]);
  }
  if (!prompt.query_numbers.empty()) {
    check_size(here, "prompt.query_numbers", prompt.query_numbers.size(),
               prompt.query_tokens.size());
  }
}

/// What `run` gives; a `NumericalError` names the model's directory, if it has one.
template <class Run>
auto naming_model(const ModelOrigin& origin, const Run& run) {
  try {
    return run();
  } catch (const NumericalError& error) {
    if (origin.directory.empty()) throw;
    throw NumericalError(fmt::format("{}: {}", origin.directory.string(), error.what()));
  }
}

}  // namespace

void check_prompt_kind(ModelKind kind, const model::ModelConfig& config, const std::string& label) {
  const bool is_series = config.architecture.reading == model::Reading::series;
  const ModelKind found = config.reads_rows() ? ModelKind::of_rows
                          : config.causal()   ? ModelKind::decoder
                                              : ModelKind::encoder;
  if (kind == found && !is_series) return;
  constexpr std::string_view prompts[] = {"a decoder's prompt", "an encoder's prompt", "a table"};
  constexpr std::string_view models[] = {"a decoder", "an encoder",
                                         "one of rows, which reads tables (CSV)"};
  throw InputError(
      label, "",
      fmt::format("is {}, but the model is {}", prompts[static_cast<int>(kind)],
                  is_series ? "one of series of numbers, for `reproduce regression-shift` alone"
                            : models[static_cast<int>(found)]));
}

PromptModel::PromptModel(model::Weights<float> weights, task::EncodedPrompt prompt,
                         std::shared_ptr<const model::ScalarReadout<float>> readout,
                         const std::string& label, ModelOrigin origin)
    : weights_(std::move(weights)),
      prompt_(std::move(prompt)),
      origin_(std::move(origin)),
      readout_(std::move(readout)) {
  if (readout_ == nullptr) throw ArgumentError("PromptModel", "readout", "is null");
  check_parts(prompt_);
  check_prompt_kind(kind_of(prompt_), weights_.config, label);
  task::check_context_length(prompt_, static_cast<std::size_t>(weights_.config.context), label);
  batch_ = task::pack(prompt_, all_sequences(prompt_));
  examples_batch_ = task::pack(prompt_, prompt_.example_tokens);
  layouts_ = model::tree_layouts(batch_);
  examples_layouts_ = model::tree_layouts(examples_batch_);
}

Eigen::VectorXd PromptModel::targets() const {
  return Eigen::Map<const Eigen::VectorXd>(prompt_.example_targets.data(), examples());
}

Eigen::VectorXd PromptModel::predictions(const model::Weights<float>& weights) const {
  check_same_sizes("PromptModel::predictions", weights_.config, weights.config);
  return naming_model(origin_, [&] {
    return model::predict(model::forward(weights, batch_, layouts_, false).hidden, batch_,
                          *readout_);
  });
}

Eigen::VectorXd PromptModel::predict(const model::Weights<float>& weights,
                                     const std::vector<std::string>& texts) const {
  if (!origin_.read_texts) {
    throw ArgumentError("PromptModel::predict", "texts",
                        "need a model that was loaded with a prompt of texts");
  }
  check_same_sizes("PromptModel::predict", weights_.config, weights.config);
  if (texts.empty()) return {};
  return query_predictions(weights, origin_.read_texts(texts), "texts");
}

Eigen::VectorXd PromptModel::predict_rows(const model::Weights<float>& weights,
                                          const io::CsvTable& rows) const {
  constexpr std::string_view here = "PromptModel::predict_rows";
  check_reads_rows(here);
  check_same_sizes(here, weights_.config, weights.config);
  if (rows.rows.empty()) return {};
  return query_predictions(weights, origin_.read_rows(rows), rows.file);
}

std::vector<std::string> PromptModel::row_notes(const io::CsvTable& rows) const {
  check_reads_rows("PromptModel::row_notes");
  if (rows.rows.empty()) return {};
  const task::EncodedPrompt read = origin_.read_rows(rows);
  if (read.source == nullptr) return {};
  const auto is_known = [&](const std::string& note) {  // or of rows that the prompt has already
    if (prompt_.source == nullptr) return false;
    const std::string& file = prompt_.source->file;
    return (file != rows.file && note.starts_with(file + ": ")) ||
           std::ranges::find(prompt_.source->notes, note) != prompt_.source->notes.end();
  };
  std::vector<std::string> notes;
  std::ranges::remove_copy_if(read.source->notes, std::back_inserter(notes), is_known);
  return notes;
}

void PromptModel::check_reads_rows(std::string_view function) const {
  if (origin_.read_rows) return;
  throw ArgumentError(function, "rows", "need a model that was loaded with a table");
}

Eigen::VectorXd PromptModel::query_predictions(const model::Weights<float>& weights,
                                               const task::EncodedPrompt& prompt,
                                               const std::string& label) const {
  task::check_context_length(prompt, static_cast<std::size_t>(weights_.config.context), label);
  const model::TokenBatch batch = task::pack(prompt, prompt.query_tokens);
  return naming_model(origin_, [&] {
    return model::predict(model::forward(weights, batch, model::tree_layouts(batch), false).hidden,
                          batch, *readout_);
  });
}

void check_capture_memory(Eigen::Index examples, std::size_t blocks, std::size_t memory) {
  const auto n = static_cast<double>(examples);
  const double needed = static_cast<double>(blocks) * n * n * sizeof(double);
  if (memory == 0 || needed < 0.8 * static_cast<double>(memory)) return;
  throw NumericalError(fmt::format(
      "{} kernels of {} x {} examples take {:.1f} GB and this machine has {:.1f}: choose fewer "
      "layers or kinds of blocks, or answer from products with the kernel, which make none",
      blocks, n, n, needed / 1e9, static_cast<double>(memory) / 1e9));
}

geometry::PromptGeometry PromptModel::capture(const model::CaptureOptions& options) const {
  check_capture_memory(examples(), model::model_blocks(weights_.config, options).size(),
                       physical_memory());
  model::CaptureResult captured;
  try {
    captured = naming_model(origin_, [&] {
      return model::capture(weights_, batch_, static_cast<int>(examples()), *readout_, options);
    });
  } catch (const NumericalError&) {
    if (!origin_.directory.empty()) model::check_finite_weights(origin_.directory);
    throw;
  }
  geometry::PromptGeometry geometry;
  geometry.tokenwise = options.features == model::Features::tokenwise;
  geometry.prompt_targets = targets();
  geometry.prompt_base = captured.predictions.head(examples());
  geometry.query_base = captured.predictions.tail(queries());
  geometry.residuals = geometry.prompt_targets - geometry.prompt_base;
  geometry.query_targets = prompt_.query_targets;
  geometry.query_numbers.assign(prompt_.query_numbers.begin(), prompt_.query_numbers.end());
  geometry.blocks = std::move(captured.blocks);
  const auto blocks = static_cast<Eigen::Index>(geometry.blocks.size());
  geometry.query_kernels.assign(static_cast<std::size_t>(queries()),
                                Eigen::MatrixXd(examples(), blocks));
  geometry.query_variances.resize(queries(), blocks);
  for (Eigen::Index b = 0; b < blocks; ++b) {
    model::SequenceGram& gram = captured.grams[static_cast<std::size_t>(b)];
    for (Eigen::Index x = 0; x < queries(); ++x) {
      geometry.query_kernels[static_cast<std::size_t>(x)].col(b) = gram.coupling.col(x);
      geometry.query_variances(x, b) = gram.variance(x);
    }
    geometry.kernels.push_back(std::move(gram.kernel));
  }
  geometry::BlockScales captured_scales;
  for (const geometry::Block& block : geometry.blocks) {
    const double scale = block_scale(block.name);
    if (scale != 1) captured_scales.emplace(block.name, scale);
  }
  return with_block_scales(std::move(geometry), captured_scales);
}

std::vector<std::string> PromptModel::capture_notes(std::span<const geometry::Block> blocks) const {
  std::vector<std::string> notes;
  std::string unused = geometry::unused_scales(block_scales_, blocks);
  if (!unused.empty()) notes.push_back(std::move(unused));
  return notes;
}

model::LayerInput<float> PromptModel::layer_input(Sequences sequences, int layer) const {
  const bool all = sequences == Sequences::all;
  return model::layer_input(weights_, all ? batch_ : examples_batch_,
                            all ? layouts_ : examples_layouts_, layer);
}

void PromptModel::check_pass(const model::TokenBatch& batch, const model::LayerInput<float>& input,
                             const model::Weights<float>& weights,
                             const model::BlockGradient<float>& gradient) const {
  check_same_sizes(accumulate_name, weights_.config, weights.config);
  check_size(accumulate_name, "input.stream rows", static_cast<std::size_t>(input.stream.rows()),
             batch.rows());
  if (input.layer > gradient.lowest_layer()) {
    throw ArgumentError(accumulate_name, "input.layer",
                        fmt::format("is {}, above the gradient's lowest layer {}", input.layer,
                                    gradient.lowest_layer()));
  }
  for (const auto& [key, values] : gradient.matrices()) {
    const auto& matrix = values;  // no bindings, which Clang 14 does not capture
    const int layer = key.first;
    const model::LinearKind kind = key.second;
    const auto fits = [&] {
      const model::MatrixView<float>& view = weights_.linear(layer, kind).weight;
      return matrix.rows() == view.in && matrix.cols() == view.out;
    };
    if (layer < weights_.config.layers && fits()) continue;
    throw ArgumentError(accumulate_name, "gradient",
                        fmt::format("is of another model: layer {} {} is {} x {}", layer,
                                    model::kind_name(kind), matrix.rows(), matrix.cols()));
  }
}

void PromptModel::pull_back(const model::Weights<float>& weights,
                            const model::Activations<float>& activations,
                            const model::TokenBatch& batch, const model::AttentionLayouts& layouts,
                            const Eigen::VectorXd& coefficients,
                            model::BlockGradient<float>& gradient) const {
  check_size(accumulate_name, "coefficients", static_cast<std::size_t>(coefficients.size()),
             static_cast<std::size_t>(examples()));
  check_finite(accumulate_name, "coefficients",
               {coefficients.data(), static_cast<std::size_t>(coefficients.size())});
  model::Rows<float> cotangent =
      model::Rows<float>::Zero(activations.hidden.rows(), activations.hidden.cols());
  for (Eigen::Index i = 0; i < examples(); ++i) {
    const auto sequence = static_cast<std::size_t>(i);
    const auto& outputs = batch.sequence_outputs[sequence];
    readout_->scalar(batch.scalar(sequence))
        .pull_back(activations.hidden, outputs, coefficients(i), outputs, cotangent);
  }
  model::backward(weights, activations, layouts, nullptr, std::move(cotangent), gradient);
}

}  // namespace sextant::ttt
