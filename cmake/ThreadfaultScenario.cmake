# threadfault_add_scenario(NAME FILE [ARGS ARG...] [LABELS LABEL...] [TIMEOUT SECONDS] [ENVIRONMENT VAR=VALUE...])
#
# Adds the scenario file as a CTest test: `threadfault test FILE ARGS...`, from the current source
# directory. It leaves its targets' output in NAME-logs in the build directory.
#
#   find_package(threadfault REQUIRED)
#   threadfault_add_scenario(resilience tests/resilience.toml ENVIRONMENT SERVER=$<TARGET_FILE:server>)
#
# threadfault_COMMAND may name another threadfault than the installed one.
include_guard(GLOBAL)

function(threadfault_add_scenario name file)
  cmake_parse_arguments(PARSE_ARGV 2 scenario "" "TIMEOUT" "ARGS;LABELS;ENVIRONMENT")
  if(scenario_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "threadfault_add_scenario: unexpected ${scenario_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT threadfault_COMMAND)
    message(FATAL_ERROR "threadfault_add_scenario: threadfault_COMMAND is not set")
  endif()
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "threadfault_add_scenario: there is no ${file}")
  endif()
  add_test(NAME "${name}"
    COMMAND "${threadfault_COMMAND}" test --color never
      --keep-logs "${CMAKE_CURRENT_BINARY_DIR}/${name}-logs" ${scenario_ARGS} "${file}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  if(NOT scenario_TIMEOUT)
    set(scenario_TIMEOUT 300)
  endif()
  set_tests_properties("${name}" PROPERTIES TIMEOUT "${scenario_TIMEOUT}")
  if(scenario_LABELS)
    set_tests_properties("${name}" PROPERTIES LABELS "${scenario_LABELS}")
  endif()
  if(scenario_ENVIRONMENT)
    set_tests_properties("${name}" PROPERTIES ENVIRONMENT "${scenario_ENVIRONMENT}")
  endif()
endfunction()
