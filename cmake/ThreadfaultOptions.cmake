# Options, and two interface targets that carry flags: threadfault_options (everything of ours) and
# threadfault_guest (code that runs in a target: libc only, no exceptions, no RTTI).
option(THREADFAULT_BUILD_CLI "Build the threadfault command" ${PROJECT_IS_TOP_LEVEL})
option(THREADFAULT_BUILD_DEMOS "Build the demo applications" ${PROJECT_IS_TOP_LEVEL})
option(THREADFAULT_UNITY "Compile large libraries a few files at a time: faster from scratch, slower to change" OFF)
# Off: a new compiler's new warning must not stop a user. The project's own checks set it.
option(THREADFAULT_WERROR "Treat warnings as errors" OFF)
set(THREADFAULT_SANITIZE "" CACHE STRING "Sanitizers for libraries and unit tests: address,undefined or thread")

# scripts/package sets it.
option(THREADFAULT_BUNDLE_RE2 "Install the RE2 that the shared library is linked with beside it" OFF)

option(THREADFAULT_FUZZERS "Build tests/fuzz for libFuzzer (clang alone)" OFF)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(THREADFAULT_CCACHE ccache)
if(THREADFAULT_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${THREADFAULT_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${THREADFAULT_CCACHE}")
endif()

# For targets in which no two files have names of their own in common.
function(THREADFAULT_UNITE)
  if(THREADFAULT_UNITY)
    set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 20)
  endif()
endfunction()

add_library(threadfault_options INTERFACE)
target_compile_features(threadfault_options INTERFACE cxx_std_20)
target_compile_options(threadfault_options INTERFACE
  -Wall -Wextra -Wpedantic -ffunction-sections -fdata-sections)
if(THREADFAULT_WERROR)
  target_compile_options(threadfault_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # At -O3 GCC 12 takes "text" + std::to_string(n) for a copy onto itself (its bug 105651), an
  # optional that is copied for one that is read unset (its bug 80635), and a variant in an
  # initializer list for one that is written behind the list's end.
  target_compile_options(threadfault_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict> $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-stringop-overflow>)
endif()
if(THREADFAULT_SANITIZE)
  target_compile_options(threadfault_options INTERFACE
    -fsanitize=${THREADFAULT_SANITIZE} -fno-omit-frame-pointer)
  # Undefined behaviour ends the program, as a bad access does: a test that only prints its finding
  # would pass.
  target_compile_options(threadfault_options INTERFACE -fno-sanitize-recover=all)
  target_link_options(threadfault_options INTERFACE -fsanitize=${THREADFAULT_SANITIZE})
  if(THREADFAULT_FUZZERS)
    target_compile_options(threadfault_options INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(threadfault_options INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  # GCC 12 takes parts of std::regex for uninitialised under a sanitizer (its bug 105562).
  target_compile_options(threadfault_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_include_directories(threadfault_options INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib>"
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib/include>")

# No threadfault_options here: a shim is never built with a sanitizer of its own.
add_library(threadfault_guest INTERFACE)
target_compile_features(threadfault_guest INTERFACE cxx_std_20)
target_compile_options(threadfault_guest INTERFACE
  -Wall -Wextra -Wpedantic $<$<BOOL:${THREADFAULT_WERROR}>:-Werror>
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>
  -fvisibility=hidden -ftls-model=initial-exec -fasynchronous-unwind-tables -O2)
if(THREADFAULT_ARCH STREQUAL "aarch64")
  # Out of line they are in libgcc, which a shim does without.
  target_compile_options(threadfault_guest INTERFACE -mno-outline-atomics)
endif()
target_include_directories(threadfault_guest INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib>"
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib/include>")

# Distributions set it to lib/python3/dist-packages, which Python looks at by itself.
set(THREADFAULT_PYTHON_DIR "${CMAKE_INSTALL_DATADIR}/threadfault/python" CACHE STRING
  "Where the Python package is installed")
