// Calls that succeed unless something is injected, each as the target makes it.
#ifndef THREADFAULT_TESTS_POINTS_CALLS_HPP
#define THREADFAULT_TESTS_POINTS_CALLS_HPP

#include <string_view>

// Makes the call once and undoes what it did. 0: it went as it always does; otherwise the error's
// number (of C11 calls thrd_...), or 1 when a wait for a condition woke up.
using MakeCall = int (*)();

// nullptr: the target knows no such call.
MakeCall find_call(std::string_view name);

#endif  // THREADFAULT_TESTS_POINTS_CALLS_HPP
