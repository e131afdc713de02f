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

# sextant_optimize(TARGET LEVEL): at most that level in Release. Half of a folder's compile time is
# optimisation: 1 for code that computes little itself, 2 for the rest.
function(sextant_optimize target level)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O${level}>)
endfunction()

# sextant_unity(TARGET): compiles the sources of each folder as one translation unit. Parsing Eigen,
# fmt and the JSON library is most of a small file's time, and is paid once a folder this way. So
# names without linkage are unique within a folder. Sources with options of their own stay alone.
function(sextant_unity target)
  if(NOT SEXTANT_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(folder "${source}" DIRECTORY)
    file(RELATIVE_PATH group "${PROJECT_SOURCE_DIR}" "${folder}")
    string(REGEX REPLACE "[^A-Za-z0-9]+" "_" group "${group}")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${target}_${group}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP
    UNITY_BUILD_RELOCATABLE ON)  # so that a compiler cache serves several checkouts
  # What compilers say of names without linkage in files that the main one includes: here each of those is
  # a source of its own, and the builds without unity keep both warnings.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-shadow -Wshadow=local -Wno-subobject-linkage)
  else()
    target_compile_options(${target} PRIVATE -Wno-shadow)
  endif()
endfunction()
