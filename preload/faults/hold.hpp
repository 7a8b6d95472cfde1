// The calling thread stands still, or burns CPU time, until a time has passed or it is let go.
#ifndef THREADFAULT_PRELOAD_HOLD_HPP
#define THREADFAULT_PRELOAD_HOLD_HPP

#include "preload/registry/registry.hpp"
#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// While it lives, the fault is in force on the calling thread and listed as such. Holds may nest:
// each has its own end. Async-signal-safe.
class Hold {
public:
    // freeze, delay, or spin; `slow` is one stop of a duty cycle. The calling thread has a record.
    // duration_ns: of CLOCK_MONOTONIC, for spin of the thread's CPU time; 0: until let go.
    // context: of the signal handler that this is in, nullptr outside of one. Where that is on an
    // alternate stack without room for another handler, what the program is sent meanwhile waits.
    Hold(wire::Fault fault, std::int64_t duration_ns, const void* context) noexcept;
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // Returns when it is over. A raw futex wait and not pause() or nanosleep(): those are
    // cancellation points, and a frozen thread must not be cancelled by its standing still.
    void last() const noexcept;

private:
    std::int64_t list_end() const noexcept;  // what was listed before
    void stand_still() const noexcept;
    void burn() const noexcept;

    Record* record_;
    wire::Fault fault_;
    std::int64_t duration_ns_;
    std::uint32_t word_;  // of the record, when the hold began: it changes when let go
    std::uint32_t flag_;
    std::int64_t until_;  // of CLOCK_MONOTONIC; of spin, kNever
    std::int64_t listed_before_;
    bool outermost_;  // of its kind on this thread
};

// Lets the thread go from every hold. Any thread; async-signal-safe.
void let_go(Record* record) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_HOLD_HPP
