# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What an outside project gets: find_package(weft) with weft::runtime, weft::dsl, weft::compiler and weft_add_model; pkg-config for the
# runtime. The runtime is a component of its own, for programs that link code ahead of time need nothing else.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set_target_properties(weft_runtime PROPERTIES EXPORT_NAME runtime)
set_target_properties(weft PROPERTIES EXPORT_NAME dsl)
set_target_properties(weft_codegen PROPERTIES EXPORT_NAME compiler)
target_include_directories(weft_codegen PUBLIC $<INSTALL_INTERFACE:include/weft-compiler>)
set(weft_config ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

install(TARGETS weft_runtime EXPORT weftRuntimeTargets ARCHIVE COMPONENT runtime)
install(FILES runtime/weft.h runtime/weft.hpp runtime/weft_runtime.h runtime/weft_services.def DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT runtime)
file(RELATIVE_PATH weft_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/weft-runtime.pc.in weft-runtime.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weft-runtime.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT runtime)

install(TARGETS weft weft_frontend weft_codegen weft_passes loom_dialect weft_dialect weft_mlir EXPORT weftTargets
        ARCHIVE COMPONENT compiler)
install(TARGETS weftc EXPORT weftToolTargets RUNTIME COMPONENT compiler)
install(DIRECTORY frontend/weft DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT compiler)
install(FILES ${CMAKE_BINARY_DIR}/frontend/weft/Primitives.h.inc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft COMPONENT compiler)
# For programs that hold the compiler in hand: its driver and the dialects that it reads.
install(DIRECTORY codegen dialects DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft-compiler COMPONENT compiler FILES_MATCHING PATTERN "*.h")
install(FILES runtime/weft_runtime.h runtime/weft_services.def runtime/weft.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft-compiler/runtime
        COMPONENT compiler)
install(DIRECTORY ${CMAKE_BINARY_DIR}/dialects DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft-compiler COMPONENT compiler
        FILES_MATCHING PATTERN "*.h.inc" PATTERN "CMakeFiles" EXCLUDE)

foreach(set IN ITEMS Runtime Tool "")
  if(set STREQUAL Runtime)
    set(component runtime)
  else()
    set(component compiler)
  endif()
  install(EXPORT weft${set}Targets NAMESPACE weft:: DESTINATION ${weft_config} COMPONENT ${component})
endforeach()
configure_package_config_file(cmake/weftConfig.cmake.in weftConfig.cmake INSTALL_DESTINATION ${weft_config})
write_basic_package_version_file(weftConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weftConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/weftConfigVersion.cmake DESTINATION ${weft_config}
        COMPONENT runtime)
install(FILES cmake/WeftAddModel.cmake DESTINATION ${weft_config} COMPONENT compiler)
