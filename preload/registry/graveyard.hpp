// Threads that end without their destructors can't free their records themselves: those that
// vanish announce it; one that makes the exit system call itself, or that the kernel ends, does
// not.
#ifndef THREADFAULT_PRELOAD_GRAVEYARD_HPP
#define THREADFAULT_PRELOAD_GRAVEYARD_HPP

#include <sys/types.h>

#include <cstdint>

namespace threadfault::shim {

// The calling thread is about to vanish. Async-signal-safe.
void announce_vanishing() noexcept;

// By the agent: frees the records of those that have gone.
void bury_the_vanished(std::int64_t now) noexcept;

// By the agent: the same for one that has gone unannounced. Whoever follows the events looks for
// them from outside, and asks.
void bury_if_gone(pid_t tid) noexcept;

// When to call again (CLOCK_MONOTONIC, nanoseconds; kNever: when a thread is announced).
std::int64_t next_burial() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_GRAVEYARD_HPP
