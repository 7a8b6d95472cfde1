// One request from beginning to end: post, wait, and find out why no answer comes.
// libc only; async-signal-safe; thread-safe.
#ifndef THREADFAULT_EXECUTE_RUN_HPP
#define THREADFAULT_EXECUTE_RUN_HPP

#include "execute/core.hpp"

#include <sys/types.h>

#include <cstdint>

namespace threadfault::execute {

// In the order of tf_execute_result (execute.h), which says what each means.
enum class RunOutcome : std::uint8_t {
    done,
    no_thread,
    queue_full,
    not_started,
    signal_blocked,
    thread_ended,
    not_finished,
    ended_inside,
    no_slot,
    no_signal,
};

// Runs function(argument) on the thread and waits until `deadline_ns` (CLOCK_MONOTONIC; kNever:
// without limit). With not_finished the request goes on under `*ticket`: leave() or release() it,
// and keep `argument` valid; with every other outcome its slot is free again. `*ticket` is set
// before the request can start, for callers that clean up when they are unwound.
// Not noexcept: the waiting thread may itself be told to pthread_exit in here, and a C++ caller
// with clean-ups needs a call-site entry for the unwinder to find.
RunOutcome run(pid_t pid, pid_t tid, PlainFunction function, void* argument,
               std::int64_t deadline_ns, Ticket* ticket);

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_RUN_HPP
