#include "sextant/model/architecture.hpp"

namespace sextant::model {
namespace {

constexpr Architecture gpt2 = {};
constexpr Architecture rows = {
    .reading = Reading::rows, .causal = false, .positions = PositionKind::none};
constexpr Architecture series = {.reading = Reading::series};
constexpr Architecture bert = {.causal = false,
                               .has_head = false,
                               .norm_placement = NormPlacement::after,
                               .has_token_types = true};
constexpr Architecture distilbert = {
    .causal = false, .has_head = false, .norm_placement = NormPlacement::after};
constexpr Architecture llama = {
    .norm = NormKind::rms, .positions = PositionKind::rotary, .mlp = MlpKind::gated};
constexpr Architecture qwen3 = {.norm = NormKind::rms,
                                .normalizes_heads = true,
                                .positions = PositionKind::rotary,
                                .mlp = MlpKind::gated};
constexpr Architecture gemma3 = {.norm = NormKind::rms_plus_one,
                                 .norm_placement = NormPlacement::around,
                                 .normalizes_heads = true,
                                 .positions = PositionKind::rotary,
                                 .mlp = MlpKind::gated};

}  // namespace

const Architecture& architecture_of(Family family) {
  switch (family) {
    case Family::gpt2:
      return gpt2;
    case Family::rows:
      return rows;
    case Family::series:
      return series;
    case Family::bert:
    case Family::roberta:
      return bert;
    case Family::distilbert:
      return distilbert;
    case Family::llama:
    case Family::mistral:
    case Family::qwen2:
      return llama;
    case Family::qwen3:
      return qwen3;
    case Family::gemma3:
      return gemma3;
  }
  return gpt2;
}

std::string family_name(Family family) {
  switch (family) {
    case Family::gpt2:
      return "gpt2";
    case Family::bert:
      return "bert";
    case Family::rows:
      return "rows";
    case Family::series:
      return "series";
    case Family::roberta:
      return "roberta";
    case Family::distilbert:
      return "distilbert";
    case Family::llama:
      return "llama";
    case Family::mistral:
      return "mistral";
    case Family::qwen2:
      return "qwen2";
    case Family::qwen3:
      return "qwen3";
    case Family::gemma3:
      return "gemma3_text";
  }
  return {};
}

}  // namespace sextant::model
