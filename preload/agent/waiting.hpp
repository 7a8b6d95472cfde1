// How the helper waits, and what it does when it can't: a system call that fails is never "nothing
// happened". Limits may be lowered and filters put upon the helper at any time. Used by the helper
// thread only; raw system calls only.
#ifndef THREADFAULT_PRELOAD_WAITING_HPP
#define THREADFAULT_PRELOAD_WAITING_HPP

#include "preload/base/signals.hpp"

#include <poll.h>

#include <cstdint>

namespace threadfault::shim {

// ppoll(2) of those of `descriptors` that are in use (fd >= 0): the kernel refuses more entries
// than the process may open files.
long poll_used(pollfd* descriptors, unsigned count, const timespec* timeout, Mask blocked) noexcept;

// A system call that the helper can't do without, and that keeps failing.
class Patience {
public:
    // `what` goes to the log, at the first failure and at the last.
    constexpr explicit Patience(const char* what) noexcept : what_(what) {}

    void succeeded() noexcept { failures_ = 0; }
    // When to try again (CLOCK_MONOTONIC, nanoseconds); kNever: it is hopeless. `may_pass`: a lack
    // of something that others may give back, for which there is no end of trying.
    std::int64_t failed(long error, bool may_pass, std::int64_t now) noexcept;

private:
    const char* what_;
    unsigned failures_ = 0;
};

// Sleeps without the call that failed. False: that is not possible either.
bool sleep_until(std::int64_t when) noexcept;

// EMFILE and its like.
bool is_shortage(long error) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_WAITING_HPP
