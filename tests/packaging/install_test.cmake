# Installs the build tree into a scratch prefix and uses it from an outside project, once through
# find_package and once through pkg-config; moves it, removes it, and builds the sources as a part of
# another project. Variables: BUILD_DIR, SOURCE_DIR, SCRATCH, GENERATOR, CC, CXX, LIBDIR, PYTHON_DIR, PYTEST,
# PYTHON, DOC_DIR.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${status}\n${out}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
set(prefix "${SCRATCH}/prefix")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")

# The installed command finds the installed shim.
run("${prefix}/bin/threadfault" run -- /bin/sh -c "echo $LD_PRELOAD")
if(NOT output MATCHES "${prefix}/${LIBDIR}/threadfault/libthreadfault_preload.so")
  message(FATAL_ERROR "the installed command preloads ${output}")
endif()

# The installed documentation leads nowhere but to what is installed.
if(PYTHON)
  run("${PYTHON}" "${SOURCE_DIR}/../house/links.py" "${prefix}/${DOC_DIR}")
endif()

# Manual pages and completion lie where their programs look; what isn't on this machine is not asked. An argument has no
# semicolon: CMake would split it.
function(says expected)
  find_program(INSTALL_TEST_${ARGV1} ${ARGV1})
  if(NOT INSTALL_TEST_${ARGV1})
    message(STATUS "no ${ARGV1} here")
    return()
  endif()
  list(SUBLIST ARGV 2 -1 arguments)
  run("${INSTALL_TEST_${ARGV1}}" ${arguments})
  if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "${ARGV1} says ${output}")
  endif()
endfunction()
foreach(page IN ITEMS threadfault threadfault-kill threadfault-json threadfault-scenario threadfault-inject)
  says("/${page}\\.[157]" man -M "${prefix}/share/man" -w ${page})
endforeach()
set(path "$ENV{PATH}")
set(ENV{PATH} "${prefix}/bin:${path}")
says("^kill\n$" bash -c ". '${prefix}/share/bash-completion/completions/threadfault'
  COMP_WORDS=(threadfault kil) COMP_CWORD=1 COMP_LINE='threadfault kil' COMP_POINT=15
  _threadfault
  echo $COMPREPLY")
says("^_threadfault\n$" zsh -fc "fpath=('${prefix}/share/zsh/site-functions' $fpath)
  autoload -U compinit && compinit -D -u && echo $_comps[threadfault]")
says("^kill\t" fish --no-config -c "source '${prefix}/share/fish/vendor_completions.d/threadfault.fish'
  complete --do-complete 'threadfault kil'")
set(ENV{PATH} "${path}")

run("${CMAKE_COMMAND}" -S "${SOURCE_DIR}/consumer" -B "${SCRATCH}/consumer" -G "${GENERATOR}"
    "-DCMAKE_PREFIX_PATH=${prefix}")
run("${CMAKE_COMMAND}" --build "${SCRATCH}/consumer")
run("${SCRATCH}/consumer/consumer_cpp")
run("${SCRATCH}/consumer/resilience_test")
if(NOT output MATCHES "PASSED  . 1 test")
  message(FATAL_ERROR "the resilience test says ${output}")
endif()

# threadfault_add_scenario: CTest runs the installed command, which finds its helper programs.
run("${CMAKE_CTEST_COMMAND}" --test-dir "${SCRATCH}/consumer" --output-on-failure)
if(NOT output MATCHES "ok  .*two of three workers are lost" AND
   NOT output MATCHES "100% tests passed, 0 tests failed out of 1")
  message(FATAL_ERROR "the scenario says ${output}")
endif()

set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
run(pkg-config --cflags --libs threadfault)
separate_arguments(flags UNIX_COMMAND "${output}")
run("${CC}" -Wall -Werror "${SOURCE_DIR}/consumer/main.c" -o "${SCRATCH}/consumer_c" ${flags})
run("${SCRATCH}/consumer_c")
message(STATUS "${output}")

run(pkg-config --cflags --libs threadfault-target gmock gtest_main)
separate_arguments(flags UNIX_COMMAND "${output}")
run("${CXX}" -std=c++20 -Wall "-DSERVER=\"${SCRATCH}/consumer/server\"" "-DSOCKET=\"server.socket\""
    "${SOURCE_DIR}/consumer/resilience_test.cpp" -o "${SCRATCH}/resilience_pkg_config" ${flags}
    "-Wl,-rpath,${prefix}/${LIBDIR}")
run("${SCRATCH}/resilience_pkg_config")

# The Python package: pytest finds the plugin by itself, and the plugin the installed command.
if(PYTEST)
  set(ENV{PYTHONPATH} "${prefix}/${PYTHON_DIR}")
  set(ENV{PYTHONDONTWRITEBYTECODE} 1)
  set(ENV{SERVER} "${SCRATCH}/consumer/server")
  run("${PYTEST}" -q -p no:cacheprovider "${SOURCE_DIR}/consumer/test_server.py")
  if(NOT output MATCHES "3 passed")
    message(FATAL_ERROR "pytest says ${output}")
  endif()
endif()

# Moved, all of it still finds its parts.
file(RENAME "${prefix}" "${SCRATCH}/moved")
run("${SCRATCH}/moved/bin/threadfault" run -- /bin/sh -c "echo $LD_PRELOAD")
if(NOT output MATCHES "${SCRATCH}/moved/${LIBDIR}/threadfault/libthreadfault_preload.so")
  message(FATAL_ERROR "the moved command preloads ${output}")
endif()
set(ENV{PKG_CONFIG_PATH} "${SCRATCH}/moved/${LIBDIR}/pkgconfig")
run(pkg-config --cflags --libs threadfault)
separate_arguments(flags UNIX_COMMAND "${output}")
run("${CC}" -Wall -Werror "${SOURCE_DIR}/consumer/main.c" -o "${SCRATCH}/consumer_moved" ${flags})
file(RENAME "${SCRATCH}/moved" "${prefix}")

# Nothing is left of it. The manifest is that of the installation above.
run("${CMAKE_COMMAND}" "-DMANIFEST=${BUILD_DIR}/install_manifest.txt"
    -P "${SOURCE_DIR}/../../cmake/uninstall.cmake")
file(GLOB_RECURSE left "${prefix}/*")
file(GLOB_RECURSE directories LIST_DIRECTORIES true "${prefix}/*")
list(FILTER directories INCLUDE REGEX "threadfault[^/]*$")
list(APPEND left ${directories})
if(left)
  message(FATAL_ERROR "uninstall leaves ${left}")
endif()

# As a part of another project.
cmake_path(SET source NORMALIZE "${SOURCE_DIR}/../..")
string(REGEX REPLACE "/$" "" source "${source}")
run("${CMAKE_COMMAND}" -S "${SOURCE_DIR}/parent" -B "${SCRATCH}/parent" -G "${GENERATOR}"
    "-DTHREADFAULT_SOURCE=${source}")
run("${CMAKE_COMMAND}" --build "${SCRATCH}/parent" --target parent_c)
run("${SCRATCH}/parent/parent_c")
