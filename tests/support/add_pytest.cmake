# add_pytest(NAME FILE [OPTIONS ...] [TIMEOUT SECONDS] [ENVIRONMENT ...]): a file of tests for Debian's pytest, with this
# tree's command and Python package. What its commands print as JSON is validated (tests/json).
find_program(THREADFAULT_PYTEST NAMES pytest-3 pytest)
function(add_pytest name file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "OPTIONS;ENVIRONMENT")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  cmake_path(ABSOLUTE_PATH file)
  add_test(NAME ${name} COMMAND "${THREADFAULT_PYTEST}" -q -p threadfault.pytest_plugin -p no:cacheprovider
    ${arg_OPTIONS} "${file}")
  string(JOIN ":" path "${PROJECT_SOURCE_DIR}/lib/python" "${PROJECT_SOURCE_DIR}/tests/support"
    "${PROJECT_SOURCE_DIR}/tests/json")
  set_tests_properties(${name} PROPERTIES LABELS integration TIMEOUT ${arg_TIMEOUT} FIXTURES_REQUIRED json
    ENVIRONMENT "THREADFAULT_COMMAND=$<TARGET_FILE:threadfault_command>;PYTHONPATH=${path};PYTHONDONTWRITEBYTECODE=1;JSON_RECORDS=${THREADFAULT_JSON_DIRECTORY};${arg_ENVIRONMENT}")
endfunction()
