# The installed package: headers, library, program, and find_package(sextant).
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
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/models/digits-gpt2 ${PROJECT_SOURCE_DIR}/models/tabular-rows
    DESTINATION ${CMAKE_INSTALL_DATADIR}/sextant/models)
endif()
install(EXPORT sextantTargets NAMESPACE sextant:: DESTINATION ${SEXTANT_CMAKE_DIR})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sextantConfig.cmake.in
  ${PROJECT_BINARY_DIR}/sextantConfig.cmake INSTALL_DESTINATION ${SEXTANT_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sextantConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sextantConfig.cmake
  ${PROJECT_BINARY_DIR}/sextantConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindOpenBLAS.cmake ${PROJECT_SOURCE_DIR}/cmake/FindLibCsv.cmake
  DESTINATION ${SEXTANT_CMAKE_DIR})
