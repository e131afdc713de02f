# sextant_compile(TARGET): the language level, warnings and sanitizers every target shares, kept
# private so that they never reach a consumer of the installed package.
function(sextant_compile target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                         -Wno-sign-conversion)
  # GCC 12 sees overlaps in inlined std::string concatenations that are not there (PR 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(SEXTANT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(SEXTANT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${SEXTANT_SANITIZE}
                           -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${SEXTANT_SANITIZE})
    target_compile_definitions(${target} PRIVATE SEXTANT_SANITIZED)
  endif()
endfunction()
