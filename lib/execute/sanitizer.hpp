// ThreadSanitizer holds signals back until the thread calls one of its interceptors or sleeps in a
// call that it knows; it does not know our raw futex wait. Under it, waits are cut into pieces and
// an intercepted call is made between them. And while it holds one signal back it drops the next
// ones of the same number, so that requests have to be sent again; a signal too many finds its
// request claimed. In every other build these functions are empty.
#ifndef THREADFAULT_EXECUTE_SANITIZER_HPP
#define THREADFAULT_EXECUTE_SANITIZER_HPP

#include "execute/core.hpp"
#include "execute/syscalls.hpp"

#include <time.h>

#include <cstdint>

namespace threadfault::execute {

#ifdef __SANITIZE_THREAD__

// Queues the signal of a posted request once more (core.cpp).
void send_again(Ticket ticket) noexcept;

inline void let_signals_in() noexcept {
    const timespec moment{0, 1};
    ::nanosleep(&moment, nullptr);
}

inline std::int64_t before_deliveries(std::int64_t deadline_ns) noexcept {
    const std::int64_t soon = monotonic_ns() + 1'000'000;
    return soon < deadline_ns ? soon : deadline_ns;
}

#else

inline void send_again(Ticket) noexcept {}

inline void let_signals_in() noexcept {}

inline std::int64_t before_deliveries(std::int64_t deadline_ns) noexcept {
    return deadline_ns;
}

#endif

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_SANITIZER_HPP
