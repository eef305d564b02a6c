# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# weft_add_model(target SOURCES model.cpp [NAME artefact] [CPU x86-64-v3] [OPT 0..3] [INCLUDES folders...] [DEPENDS files...]):
# makes code ahead of time of the artefact NAME (the target's name if it is left out) of a model file, or of the functions of an .mlir
# file, and a library of it: who links the target includes <NAME.h> or <NAME.hpp>. NAME.safetensors lies in WEFT_FOLDER, a property
# of the target.
function(weft_add_model target)
  cmake_parse_arguments(ARG "" "NAME;CPU;OPT" "SOURCES;INCLUDES;DEPENDS" ${ARGN})
  list(LENGTH ARG_SOURCES count)
  if(NOT count EQUAL 1 OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weft_add_model(${target} SOURCES model.cpp [NAME n] [CPU c] [OPT 0..3] [INCLUDES ...] [DEPENDS ...])")
  endif()
  set(name ${target})
  if(ARG_NAME)
    set(name ${ARG_NAME})
  endif()
  set(options --name=${name})
  if(ARG_CPU)
    list(APPEND options --target-cpu=${ARG_CPU})
  endif()
  if(DEFINED ARG_OPT)
    list(APPEND options -O${ARG_OPT})
  endif()
  get_filename_component(source ${ARG_SOURCES} ABSOLUTE)
  foreach(include IN LISTS ARG_INCLUDES)
    get_filename_component(include ${include} ABSOLUTE)
    list(APPEND options -I${include})
  endforeach()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.model)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${folder}/${name}.o ${folder}/${name}.h ${folder}/${name}.hpp
    COMMAND weft::weftc ${source} ${options} --cxx=${CMAKE_CXX_COMPILER} -o ${folder}
    DEPENDS ${source} ${ARG_DEPENDS} weft::weftc
    COMMENT "Compiling ${name} ahead of time" VERBATIM)
  set_source_files_properties(${folder}/${name}.o PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  add_library(${target} STATIC ${folder}/${name}.o ${folder}/${name}.h)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C WEFT_FOLDER ${folder})
  target_include_directories(${target} PUBLIC ${folder})
  target_link_libraries(${target} PUBLIC weft::runtime)
endfunction()
