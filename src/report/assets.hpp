#pragma once

/// Files compiled into the library; see sextant_embed in src/CMakeLists.txt.

#include <string_view>

namespace sextant::report::assets {

extern const std::string_view style;         // report.css
extern const std::string_view chart_config;  // chart_config.js
extern const std::string_view script;        // report.js
extern const std::string_view draw;          // draw.js
extern const std::string_view vega;          // third_party/vega
extern const std::string_view vega_lite;
extern const std::string_view vega_embed;
extern const std::string_view vega_licence;

}  // namespace sextant::report::assets
