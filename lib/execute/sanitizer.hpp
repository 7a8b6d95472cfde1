// ThreadSanitizer holds signals back until the thread calls one of its interceptors or sleeps in a
// call that it knows; it does not know our raw futex wait. Under it, waits are cut into pieces and
// an intercepted call is made between them; in every other build these functions are empty.
#ifndef THREADFAULT_EXECUTE_SANITIZER_HPP
#define THREADFAULT_EXECUTE_SANITIZER_HPP

#include "execute/syscalls.hpp"

#include <time.h>

#include <cstdint>

namespace threadfault::execute {

#ifdef __SANITIZE_THREAD__

inline void let_signals_in() noexcept {
    const timespec moment{0, 1};
    ::nanosleep(&moment, nullptr);
}

inline std::int64_t before_deliveries(std::int64_t deadline_ns) noexcept {
    const std::int64_t soon = monotonic_ns() + 1'000'000;
    return soon < deadline_ns ? soon : deadline_ns;
}

#else

inline void let_signals_in() noexcept {}

inline std::int64_t before_deliveries(std::int64_t deadline_ns) noexcept {
    return deadline_ns;
}

#endif

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_SANITIZER_HPP
