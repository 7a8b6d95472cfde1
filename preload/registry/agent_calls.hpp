// What the rooms below the agent want of it. Declared here, defined by the agent
// (preload/agent/lifecycle.cpp): includes run downwards, and so does everything else.
#ifndef THREADFAULT_PRELOAD_AGENT_CALLS_HPP
#define THREADFAULT_PRELOAD_AGENT_CALLS_HPP

namespace threadfault::shim {

// Lets the helper look about when it sleeps. Async-signal-safe, any thread.
void wake_agent() noexcept;

// One of our signals has another number now, and the helper may sleep with the old one let in:
// returns when it does no more, or after some milliseconds. Async-signal-safe, any thread.
void tell_agent_of_move() noexcept;

// The count of living user threads fell to zero: called by the last of them, or by the agent that
// has buried it.
void last_thread_is_leaving() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_AGENT_CALLS_HPP
