// Waiting for a condition: tests never sleep for a fixed time.
#ifndef THREADFAULT_TESTS_SUPPORT_EVENTUALLY_HPP
#define THREADFAULT_TESTS_SUPPORT_EVENTUALLY_HPP

#include <chrono>
#include <thread>

namespace threadfault::test {

using Clock = std::chrono::steady_clock;

// Far more than anything takes, because the machine may be busy: it bounds a failing test, and a
// passing one never waits for it.
inline constexpr std::chrono::seconds kPatience{20};

// Polls until `condition()` is true (returns true) or `patience` is over (returns false).
template <typename Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience = kPatience) {
    const auto deadline = Clock::now() + patience;
    while (true) {
        if (condition()) return true;
        if (Clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_EVENTUALLY_HPP
