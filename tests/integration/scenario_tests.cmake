# `threadfault test`, on a small target.
if(NOT TARGET threadfault_test_program)
  return()
endif()
add_executable(scenario_target scenario_target.cpp)
target_link_libraries(scenario_target PRIVATE threadfault_options)
target_link_options(scenario_target PRIVATE -pthread)

add_executable(scenario_run_test scenario_attach_test.cpp scenario_end_test.cpp scenario_choice_test.cpp scenario_malformed_test.cpp
  scenario_process_test.cpp scenario_test.cpp)
threadfault_unite(scenario_run_test)
target_link_libraries(scenario_run_test PRIVATE
  threadfault_test_support threadfault::target GTest::gtest_main)
target_compile_definitions(scenario_run_test PRIVATE
  "HELPERS_DIRECTORY=\"$<TARGET_FILE_DIR:threadfault_guardian>\""
  "TARGET_FAMILY=\"$<TARGET_FILE:target_family>\""
  "TARGET_SCENARIO=\"$<TARGET_FILE:scenario_target>\"")
add_dependencies(scenario_run_test threadfault_attach_program
  scenario_target target_family threadfault_test_program threadfault_guardian threadfault_points)
gtest_discover_tests(scenario_run_test DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120 FIXTURES_REQUIRED json)
