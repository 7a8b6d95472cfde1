// Which thread is the helper: never one of the target's, never a victim.
#ifndef THREADFAULT_PRELOAD_AGENT_THREAD_HPP
#define THREADFAULT_PRELOAD_AGENT_THREAD_HPP

#include <sys/types.h>

namespace threadfault::shim {

// The helper's tid in this process, or 0. Async-signal-safe.
pid_t agent_tid() noexcept;

// Is the calling thread the helper? Async-signal-safe.
bool is_agent_thread() noexcept;

// By the helper itself, at its beginning and (0) at its end; 0 in a forked child.
void set_agent_tid(pid_t tid) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_AGENT_THREAD_HPP
