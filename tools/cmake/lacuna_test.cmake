# lacuna_test(<name> SOURCES <file>... LIBRARIES <target>... [LABELS <label>...] [TIMEOUT <s>])
#   One GoogleTest executable; ctest lists each of its tests. TIMEOUT counts for each test.
#
#   Left out, with a status line, where a lacuna_... library it links is not built in this
#   configuration (LACUNA_BUILD_RUNTIME=OFF, no libtorch).
#
# lacuna_fuzzer(<name> SOURCES <file>... LIBRARIES <target>... CORPUS <folder>)
#   SOURCES define LLVMFuzzerTestOneInput. Always: <name>_replay, which runs every file of the
#   corpus through it, registered with ctest. With LACUNA_FUZZERS also <name>, a libFuzzer binary:
#   <name> -max_total_time=60 <folder>. The target fuzzers builds all of those.

if(LACUNA_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# Sets <out> to the project's own libraries among the arguments that this configuration lacks.
function(lacuna_missing_libraries out)
  set(missing "")
  foreach(library IN LISTS ARGN)
    if(library MATCHES "^lacuna[_:]" AND NOT TARGET ${library})
      list(APPEND missing ${library})
    endif()
  endforeach()
  set(${out} "${missing}" PARENT_SCOPE)
endfunction()

function(lacuna_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "lacuna_test(${name}): expected SOURCES <file>... and known keywords, "
      "got '${ARGN}'")
  endif()
  if(NOT LACUNA_BUILD_TESTS)
    return()
  endif()
  lacuna_missing_libraries(missing ${arg_LIBRARIES})
  if(missing)
    message(STATUS "${name} left out: no ${missing} in this configuration")
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE LACUNA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # Tests run side by side, so a thread that waits for another must not keep its core busy:
  # measured on two loaded cores, passive waiting made one picture seven times faster.
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 120 TEST_LIST ${name}_TESTS
    PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT OMP_WAIT_POLICY=passive)
  if(arg_LABELS)
    # gtest_discover_tests keeps only the first of several labels, so ctest sets them afterwards.
    set(script "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
    file(WRITE "${script}" "foreach(test IN LISTS ${name}_TESTS)
  set_tests_properties(\"\${test}\" PROPERTIES LABELS \"${arg_LABELS}\")
endforeach()
")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${script}")
  endif()
endfunction()

function(lacuna_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES OR NOT arg_CORPUS)
    message(FATAL_ERROR "lacuna_fuzzer(${name}): expected SOURCES, LIBRARIES and CORPUS, "
      "got '${ARGN}'")
  endif()
  lacuna_missing_libraries(missing ${arg_LIBRARIES})
  if(missing)
    message(STATUS "${name} left out: no ${missing} in this configuration")
    return()
  endif()
  cmake_path(ABSOLUTE_PATH arg_CORPUS BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  if(LACUNA_BUILD_TESTS)
    add_executable(${name}_replay ${arg_SOURCES}
      "${PROJECT_SOURCE_DIR}/tools/cmake/fuzz_replay_main.cpp")
    target_link_libraries(${name}_replay PRIVATE ${arg_LIBRARIES})
    add_test(NAME ${name}_replay COMMAND ${name}_replay "${arg_CORPUS}")
    set_tests_properties(${name}_replay PROPERTIES TIMEOUT 120 LABELS fuzz)
  endif()
  if(LACUNA_FUZZERS)
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
    if(LACUNA_BUILD_TESTS)
      add_dependencies(fuzzers ${name}_replay)
    endif()
  endif()
endfunction()
