// Threads that end without their destructors (vanish) can't free their records themselves.
#ifndef THREADFAULT_PRELOAD_GRAVEYARD_HPP
#define THREADFAULT_PRELOAD_GRAVEYARD_HPP

#include <cstdint>

namespace threadfault::shim {

// The calling thread is about to vanish. Async-signal-safe.
void announce_vanishing() noexcept;

// By the agent: frees the records of those that have gone.
void bury_the_vanished(std::int64_t now) noexcept;

// When to call again (CLOCK_MONOTONIC, nanoseconds; kNever: when a thread is announced).
std::int64_t next_burial() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_GRAVEYARD_HPP
