// "Leave off": said once, heard by everything that waits.
#ifndef THREADFAULT_SCENARIO_STOP_HPP
#define THREADFAULT_SCENARIO_STOP_HPP

#include <chrono>

namespace threadfault::scenario {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

// Thread-safe; request() is async-signal-safe too.
class Stop {
public:
    Stop();
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    void request() noexcept;
    void withdraw() noexcept;
    bool requested() const noexcept;
    // Readable from the request on: for poll(2).
    int descriptor() const noexcept { return descriptor_; }

    // Lets time pass; false: it was requested.
    bool sleep_until(TimePoint time) const noexcept;

private:
    int descriptor_;
};

// For poll(2): milliseconds until then, rounded up; 0 when it is over.
int poll_timeout(TimePoint deadline) noexcept;

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_STOP_HPP
