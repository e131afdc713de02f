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
run(${CMAKE_COMMAND} -S ${SOURCE}/examples/consumer -B ${work}/build -G ${GENERATOR}
    -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_PREFIX_PATH=${work}/moved)
run(${CMAKE_COMMAND} --build ${work}/build)
run(${CMAKE_COMMAND} -E chdir ${work} ${work}/build/consumer)
run(${work}/moved/bin/sextant --help)
