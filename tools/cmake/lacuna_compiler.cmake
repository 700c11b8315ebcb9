# Compiler settings that hold for every target: ccache, warnings, sanitizers, fuzzing coverage.
# Binaries stay portable on purpose (no -march=native): oneDNN dispatches by itself, and
# runtime/cpu compiles its own hot loops once per instruction set.

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(LACUNA_CCACHE ccache)
  mark_as_advanced(LACUNA_CCACHE)
  if(LACUNA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${LACUNA_CCACHE}")
  endif()
endif()

add_compile_options(-Wall -Wextra)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns about every "literal" + std::string (its bug 105651).
  add_compile_options(-Wno-restrict)
endif()
if(LACUNA_WERROR)
  add_compile_options(-Werror)
endif()

if(LACUNA_SANITIZE)
  add_compile_options(-fsanitize=${LACUNA_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all
    -Wno-maybe-uninitialized -Wno-stringop-overflow)  # of GCC 12, wrong in instrumented code
  add_link_options(-fsanitize=${LACUNA_SANITIZE})
endif()

if(LACUNA_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LACUNA_FUZZERS needs clang++, got ${CMAKE_CXX_COMPILER_ID}: "
      "use `cmake --preset fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
