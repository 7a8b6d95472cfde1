// What a room above the registry wants to know of a thread's end. Declared here, defined by
// preload/points/passages.cpp: includes run downwards.
#ifndef THREADFAULT_PRELOAD_END_CALLS_HPP
#define THREADFAULT_PRELOAD_END_CALLS_HPP

namespace threadfault::shim {

// The calling thread's destructors are through: nothing of the program runs on it any more. Not
// called for a thread that vanishes. Async-signal-safe.
void thread_has_ended() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_END_CALLS_HPP
