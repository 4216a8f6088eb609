# holdfast_embed(TARGET HEADER FOLDER PATTERN): makes `embedded/HEADER.h` with one string_view per
# file of FOLDER that matches PATTERN (named after the file, every other character than letters and
# digits replaced by `_`), and `HEADER_files`, all of them by file name in order.
function(holdfast_embed TARGET HEADER FOLDER PATTERN)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${FOLDER}/${PATTERN})
  set(header ${PROJECT_BINARY_DIR}/generated/embedded/${HEADER}.h)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DHEADER=${HEADER} -DOUTPUT=${header} "-DFILES=${files}" -P ${script}
    DEPENDS ${files} ${script}
    COMMENT "Embedding ${FOLDER}/${PATTERN}"
    VERBATIM)
  add_custom_target(${HEADER}_header DEPENDS ${header})
  add_dependencies(${TARGET} ${HEADER}_header)
  target_include_directories(${TARGET} PUBLIC ${PROJECT_BINARY_DIR}/generated)
endfunction()
