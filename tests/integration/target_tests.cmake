# The C++ interface: a test program that has a target, and targets that are hard to get rid of.
find_package(Threads REQUIRED)
add_executable(target_family target_family.cpp)
set_target_properties(target_family PROPERTIES OUTPUT_NAME family)
target_link_libraries(target_family PRIVATE threadfault_options Threads::Threads)
add_executable(target_launcher target_launcher.cpp)
set_target_properties(target_launcher PROPERTIES OUTPUT_NAME launcher)
target_link_libraries(target_launcher PRIVATE threadfault_options threadfault::target)

add_executable(target_test
  target_end_test.cpp
  target_faults_test.cpp
  target_matchers_test.cpp
  target_test.cpp)
threadfault_unite(target_test)
target_link_libraries(target_test PRIVATE
  threadfault_test_support threadfault::target GTest::gmock GTest::gtest_main)
foreach(program IN ITEMS counters family launcher std_threads)
  string(TOUPPER ${program} name)
  target_compile_definitions(target_test PRIVATE
    "TARGET_${name}=\"$<TARGET_FILE:target_${program}>\"")
  add_dependencies(target_test target_${program})
endforeach()
add_dependencies(target_test threadfault_guardian threadfault_preload threadfault_points)
gtest_discover_tests(target_test DISCOVERY_MODE PRE_TEST PROPERTIES LABELS integration TIMEOUT 120 FIXTURES_REQUIRED json)
if(TARGET threadfault_diagnose_program)
  add_dependencies(target_test threadfault_diagnose_program)
endif()

# The examples of docs/scripting.md: on a program that is well, and on one that is not.
set(examples "${PROJECT_SOURCE_DIR}/docs/examples")
add_test(NAME examples.worker_loss
  COMMAND "${examples}/worker_loss.sh" 3 worker- $<TARGET_FILE:target_family> workers example)
add_test(NAME examples.worker_loss_bad
  COMMAND "${examples}/worker_loss.sh" 1 owner $<TARGET_FILE:target_family> locks example)
set_tests_properties(examples.worker_loss_bad PROPERTIES
  PASS_REGULAR_EXPRESSION "without main/1 .owner.: stuck")
add_test(NAME examples.freeze_each
  COMMAND "${examples}/freeze_each.py" worker- $<TARGET_FILE:target_family> workers example)
add_test(NAME examples.worker_loss_python
  COMMAND "${examples}/worker_loss.py" 3 worker- $<TARGET_FILE:target_family> workers example)
add_test(NAME examples.worker_loss_python_bad
  COMMAND "${examples}/worker_loss.py" 1 owner $<TARGET_FILE:target_family> locks example)
set_tests_properties(examples.worker_loss_python_bad PROPERTIES
  PASS_REGULAR_EXPRESSION "without main/1 .owner.: expected: makes progress.*ORPHANED.*stack of the latest victim")
set_tests_properties(examples.worker_loss examples.worker_loss_bad examples.freeze_each
  examples.worker_loss_python examples.worker_loss_python_bad PROPERTIES
  LABELS integration TIMEOUT 300 ENVIRONMENT
  "THREADFAULT=$<TARGET_FILE:threadfault_command>;THREADFAULT_COMMAND=$<TARGET_FILE:threadfault_command>;PYTHONPATH=${PROJECT_SOURCE_DIR}/lib/python;PYTHONDONTWRITEBYTECODE=1")
