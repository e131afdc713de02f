# Run by ctest: cmake -D BUILD=... -D SOURCE=... -D GENERATOR=... -D COMPILER=... -P consume.cmake
set(work ${BUILD}/install-test)
set(prefix ${work}/prefix)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${work})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

# Neither compiler options nor this machine's paths may reach a consumer.
file(GLOB_RECURSE package ${prefix}/*.cmake)
if(NOT package)
  message(FATAL_ERROR "no CMake package below ${prefix}")
endif()
foreach(file IN LISTS package)
  file(READ ${file} text)
  foreach(word IN ITEMS INTERFACE_COMPILE_OPTIONS INTERFACE_COMPILE_DEFINITIONS ${SOURCE} ${BUILD})
    string(FIND "${text}" "${word}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${file} holds ${word}")
    endif()
  endforeach()
endforeach()

# Moved after the installation: the package must not remember where it was installed.
file(RENAME ${prefix} ${work}/moved)

# Builds the example against the package below PACKAGE, with all warnings as errors, and runs it on
# the shipped model: the advice is to adapt, and the new text's prediction moves.
function(consume name package models)
  run(${CMAKE_COMMAND} -S ${SOURCE}/examples/consumer -B ${work}/${name} -G ${GENERATOR}
      -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${COMPILER}
      -D "CMAKE_CXX_FLAGS=-Wall -Wextra -Werror" -D CMAKE_PREFIX_PATH=${package})
  run(${CMAKE_COMMAND} --build ${work}/${name})
  set(model ${models}/digits-gpt2)
  execute_process(COMMAND ${work}/${name}/consumer ${model} ${model}/demo-clean.json 8
    COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE output)
  message(STATUS "${output}")
  if(NOT output MATCHES "^Adapt: [^\n]*\n8: ([0-9.]+) before, ([0-9.]+) after\n$"
     OR CMAKE_MATCH_1 STREQUAL CMAKE_MATCH_2)
    message(FATAL_ERROR "the consumer printed ${output}")
  endif()
  execute_process(COMMAND ${work}/${name}/consumer ${model}/none ${model}/demo-clean.json 8
    RESULT_VARIABLE status ERROR_VARIABLE errors)
  if(NOT status EQUAL 1 OR NOT errors MATCHES "digits-gpt2/none")
    message(FATAL_ERROR "for a missing model the consumer returned ${status}: ${errors}")
  endif()
  execute_process(COMMAND ${work}/${name}/geometry COMMAND_ERROR_IS_FATAL ANY
    OUTPUT_VARIABLE output)
  if(NOT output MATCHES "^Adapt: [^\n]*\nfirst\n$")
    message(FATAL_ERROR "the geometry's consumer printed ${output}")
  endif()
endfunction()

consume(installed ${work}/moved ${work}/moved/share/sextant/models)
consume(in-build-tree ${BUILD} ${SOURCE}/models)
run(${work}/moved/bin/sextant --help)
run(${work}/moved/bin/sextant reproduce --help)
