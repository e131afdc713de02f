// Any text as a config.json: rejected with an InputError, or a configuration whose sizes fit one
// another.

#include <cmath>
#include <cstdint>
#include <string_view>

#include "fuzz/expect.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/model/config.hpp"

using namespace sextant;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  model::ModelConfig config;
  try {
    config = model::parse_config({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const InputError&) {
    return 0;
  }
  fuzz::expect(config.layers > 0 && config.context > 0 && config.inner > 0, "sizes are positive");
  fuzz::expect(config.heads % config.key_heads() == 0, "keys are shared evenly");
  fuzz::expect(config.query_width() > 0 && config.key_width() > 0, "heads have a width");
  fuzz::expect(
      config.windows.empty() || config.windows.size() == static_cast<std::size_t>(config.layers),
      "every layer has a window or none");
  fuzz::expect(std::isfinite(config.attention_scale(0)) && config.attention_scale(0) > 0,
               "scores have a scale");
  if (config.architecture.positions != model::PositionKind::rotary) return 0;
  for (const auto* rotary :
       {&config.rotary, config.local_rotary ? &*config.local_rotary : nullptr}) {
    if (rotary == nullptr || config.head_width() > 4096) continue;
    for (const double frequency : rotary_frequencies(*rotary, config.head_width())) {
      fuzz::expect(std::isfinite(frequency) && frequency >= 0, "frequencies are numbers");
    }
  }
  return 0;
}
