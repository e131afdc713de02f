# sextant_embed(TARGET NAMESPACE NAME=FILE...): compiles files into the target as
# `const std::string_view NAMESPACE::NAME`. The text becomes a raw string literal, which GCC and
# Clang take at any length, so neither an assembler nor a linker trick is needed. References to
# source maps are dropped: a browser would look for those files beside the report.
function(sextant_embed target namespace)
  set(delimiter "sextant_asset")
  set(definitions "")
  foreach(entry IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${entry}")
    set(name "${CMAKE_MATCH_1}")
    set(path "${CMAKE_MATCH_2}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    file(READ "${path}" text)
    string(FIND "${text}" ")${delimiter}\"" clash)
    if(NOT clash EQUAL -1)
      message(FATAL_ERROR "${path} contains the end of its own string literal")
    endif()
    string(REGEX REPLACE "\n//# sourceMappingURL=[^\n]*" "" text "${text}")
    string(APPEND definitions
      "constexpr char ${name}_text[] = R\"${delimiter}(${text})${delimiter}\";\n"
      "extern const std::string_view ${name};\n"
      "const std::string_view ${name}(${name}_text, sizeof ${name}_text - 1);\n")
  endforeach()
  string(REPLACE "::" "_" stem "${namespace}")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${stem}.cpp")
  file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT
"#include <string_view>
namespace @namespace@ {
@definitions@}
")
  set_source_files_properties("${output}" PROPERTIES COMPILE_OPTIONS "-Wno-overlength-strings")
  target_sources(${target} PRIVATE "${output}")
endfunction()
