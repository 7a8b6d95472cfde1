// The shim's own beginning: what must be known before any interposed call does its work.
#ifndef THREADFAULT_PRELOAD_START_HPP
#define THREADFAULT_PRELOAD_START_HPP

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace threadfault::shim {

// Defined at the top of the house, in preload/load.cpp: it sets up every room.
extern std::atomic<bool> loaded;
void load() noexcept;

// Our constructor does it; a library that is initialised before us, or an allocator, may be
// earlier. Costs a load. Async-signal-safe once it has run.
inline void ensure_loaded() noexcept {
    if (!loaded.load(std::memory_order_acquire)) load();
}

// In a child made without fork's handlers (_Fork); defined in preload/load.cpp. Async-signal-safe.
void after_bare_fork() noexcept;

// The process that our memory belongs to: 0 before load().
pid_t shim_pid() noexcept;

// From now on our memory belongs to the calling process: by load(), and in a forked child, where it
// is all that happens at the fork: a page that the child writes to is copied, and most children
// exec at once. The rooms start afresh when they are first needed, which they notice by the
// generation.
void settle_at_start() noexcept;
void settle_in_child() noexcept;

// How many forks lie between the process that loaded us and this one. Async-signal-safe.
std::uint32_t fork_generation() noexcept;

// Is the caller in a process that merely shares our memory (a vfork child), or in a copy that no
// fork handler has seen (a bare clone)? A system call, which a filter may forbid: under one that is
// known the answer is no, and what such a child sets of its own may be taken for ours.
bool is_foreign_process() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_START_HPP
