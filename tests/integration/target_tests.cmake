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
target_link_libraries(target_test PRIVATE
  threadfault_test_support threadfault::target GTest::gmock GTest::gtest_main)
foreach(program IN ITEMS counters family launcher std_threads)
  string(TOUPPER ${program} name)
  target_compile_definitions(target_test PRIVATE
    "TARGET_${name}=\"$<TARGET_FILE:target_${program}>\"")
  add_dependencies(target_test target_${program})
endforeach()
add_dependencies(target_test threadfault_guardian threadfault_preload threadfault_points)
gtest_discover_tests(target_test DISCOVERY_MODE PRE_TEST PROPERTIES LABELS integration TIMEOUT 120)
