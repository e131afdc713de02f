# The package, installed (headers, library, program) and in the build tree: find_package(sextant).
include(CMakePackageConfigHelpers)
set(SEXTANT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sextant)

install(TARGETS sextant EXPORT sextantTargets)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/third_party/vega/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}
  RENAME LICENSE.vega)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sextant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(SEXTANT_BUILD_CLI)
  set_target_properties(sextant_cli PROPERTIES EXPORT_NAME cli)
  install(TARGETS sextant_cli EXPORT sextantTargets)
  install(TARGETS sextant_studies_cli)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/models/digits-gpt2 ${PROJECT_SOURCE_DIR}/models/tabular-rows
    DESTINATION ${CMAKE_INSTALL_DATADIR}/sextant/models)
endif()
install(EXPORT sextantTargets NAMESPACE sextant:: DESTINATION ${SEXTANT_CMAKE_DIR})
set(SEXTANT_FIND_MODULES ${PROJECT_SOURCE_DIR}/cmake/FindOpenBLAS.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLibCsv.cmake)
set(SEXTANT_BUILD_DEPENDENCIES "")
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sextantConfig.cmake.in
  ${PROJECT_BINARY_DIR}/install/sextantConfig.cmake INSTALL_DESTINATION ${SEXTANT_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sextantConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/install/sextantConfig.cmake
  ${PROJECT_BINARY_DIR}/sextantConfigVersion.cmake ${SEXTANT_FIND_MODULES}
  DESTINATION ${SEXTANT_CMAKE_DIR})

# In the build tree the library still names the headers that it was compiled with.
set(SEXTANT_BUILD_DEPENDENCIES
  "find_dependency(Boost 1.74 CONFIG)\n  find_dependency(Spectra 1.0 CONFIG)")
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sextantConfig.cmake.in
  ${PROJECT_BINARY_DIR}/sextantConfig.cmake
  INSTALL_DESTINATION ${PROJECT_BINARY_DIR} INSTALL_PREFIX ${PROJECT_BINARY_DIR})
file(COPY ${SEXTANT_FIND_MODULES} DESTINATION ${PROJECT_BINARY_DIR})
export(EXPORT sextantTargets NAMESPACE sextant:: FILE ${PROJECT_BINARY_DIR}/sextantTargets.cmake)
