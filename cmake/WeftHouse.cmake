# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How every room of the house is built: the toolchain, the shared precompiled header, and one function for a library of ours.

# LLVM and MLIR 22. Where you say so first (MLIR_DIR, CMAKE_PREFIX_PATH), else where llvm-config-22 or llvm-config says it is.
# No version is asked of find_package: MLIR's package file rejects a bare major number, so the number is read afterwards.
find_package(MLIR QUIET CONFIG)
if(NOT MLIR_FOUND)
  find_program(WEFT_LLVM_CONFIG NAMES llvm-config-22 llvm-config DOC "tells where LLVM and MLIR 22 are")
  if(WEFT_LLVM_CONFIG)
    execute_process(COMMAND ${WEFT_LLVM_CONFIG} --cmakedir OUTPUT_VARIABLE weft_llvm_cmake OUTPUT_STRIP_TRAILING_WHITESPACE)
    find_package(MLIR QUIET CONFIG HINTS ${weft_llvm_cmake}/../mlir)
  endif()
endif()
if(NOT MLIR_FOUND)
  message(FATAL_ERROR "MLIR 22 is not found. On Debian 12, tools/packages.sh installs it; elsewhere name the folder that has MLIRConfig.cmake: "
                      "cmake --preset default -DMLIR_DIR=<llvm>/lib/cmake/mlir")
elseif(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "Weft is built with LLVM and MLIR 22; ${MLIR_DIR} is of ${LLVM_PACKAGE_VERSION}. Name another: -DMLIR_DIR=<llvm>/lib/cmake/mlir")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS}) # mlir_tablegen reads the folder's include path
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)

# The installed LLVM has assertions off, and some class layouts differ without NDEBUG: sanitizer builds included.
add_compile_definitions(NDEBUG)
add_compile_options(-Wall -Wextra -Wno-unused-parameter)
if(WEFT_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns of the standard library's own strings and vectors, inlined.
  foreach(falsely restrict stringop-overflow array-bounds maybe-uninitialized)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-${falsely}>)
  endforeach()
endif()
if(WEFT_SANITIZE)
  # No vptr and no odr checks: LLVM's own code is not instrumented.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # The precompiled header is shared: ccache needs to be told that its defines and times do not matter. Paths below the
  # source folder are hashed relative to it, so that several checkouts of one machine share what they compile.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

# Targets that include MLIR link this: headers, and the two shared libraries only.
add_library(weft_mlir INTERFACE)
target_include_directories(weft_mlir SYSTEM INTERFACE "$<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS};${MLIR_INCLUDE_DIRS}>")
target_include_directories(weft_mlir INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}>)
target_link_directories(weft_mlir INTERFACE $<BUILD_INTERFACE:${LLVM_LIBRARY_DIRS}>)
target_link_libraries(weft_mlir INTERFACE MLIR LLVM)

# weft_add_library(name sources... [DEPENDS targets...] [LINK libraries...]): a static library over MLIR with the shared header.
function(weft_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} weft_mlir)
  weft_use_pch(${name})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# One precompiled header for all rooms; it holds upstream headers only, so our own changes never rebuild it.
file(WRITE ${CMAKE_BINARY_DIR}/weft_pch.cpp "// carries the shared precompiled header\n")
add_library(weft_pch STATIC ${CMAKE_BINARY_DIR}/weft_pch.cpp)
target_link_libraries(weft_pch PUBLIC weft_mlir)
target_precompile_headers(weft_pch PRIVATE <cmake/Precompiled.h>)
function(weft_use_pch target)
  target_compile_options(${target} PRIVATE -fPIC) # CMake's -fPIE for executables is not what the header was built with
  target_precompile_headers(${target} REUSE_FROM weft_pch)
endfunction()
