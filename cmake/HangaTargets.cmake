# One target a folder: a target sees only what it links.

# hanga_library(NAME SOURCES... [LINK targets...]): the library of a folder.
function(hanga_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${HANGA_COMPILE_OPTIONS}>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# A program of a thread-sanitizer build tells the sanitizer of Abseil's locks.
function(hanga_show_locks name)
  if(HANGA_SANITIZER STREQUAL "thread")
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/tsan_absl_mutex.cc)
    target_link_libraries(${name} PRIVATE absl::synchronization ${CMAKE_DL_LIBS})
  endif()
endfunction()

# hanga_program(NAME SOURCES... [LINK targets...]): lands in bin/.
function(hanga_program name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${HANGA_COMPILE_OPTIONS}>)
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  hanga_show_locks(${name})
endfunction()

# hanga_test(NAME SOURCES... [LINK targets...] [LABELS labels...] [TIMEOUT seconds]): one test binary
# a folder, run by ctest under the same name.
function(hanga_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  # GCC 12 sees overlaps in operator+ of strings that are not there (its bug 105651).
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${HANGA_COMPILE_OPTIONS}
                         -Wno-restrict -Wno-stringop-overflow>)
  target_compile_definitions(${name} PRIVATE HANGA_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             HANGA_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  hanga_show_locks(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
