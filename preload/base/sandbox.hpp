// Seccomp filters that the program puts on itself. What such a filter does with a system call that
// the program does not make (an error, a trap, death) can't be seen from inside, so where there is
// one the shim makes none of its own beyond what is named here. A filter that was there before the
// shim was loaded (a container's) let it be loaded, and is not counted.
// Raw system calls only; async-signal-safe and thread-safe.
#ifndef THREADFAULT_PRELOAD_SANDBOX_HPP
#define THREADFAULT_PRELOAD_SANDBOX_HPP

#include <sys/types.h>

namespace threadfault::shim {

// When the shim is loaded.
void note_inherited_filters() noexcept;

// The calling thread, or every one, has been seen to put a filter on itself: is_sandboxed() then
// tells without a look. A new thread has its creator's.
void note_own_filter() noexcept;
bool has_own_filter() noexcept;
void note_filter_on_all() noexcept;

// Has one been seen that holds for the calling thread? A load: what the shim needs nothing more
// than a hint of is left alone then, the cheapest system call included.
bool is_filter_known() noexcept;

// Is the calling thread under a filter of the program's? Where none was seen, by a look into /proc:
// a filter that doesn't let a file be opened answers with an error nearly everywhere, because
// libraries try that themselves, while prctl(PR_GET_SECCOMP), which nothing else calls, ends
// Chromium's processes. It is made only where /proc isn't mounted or no descriptor is left.
bool is_sandboxed() noexcept;

// The same of another thread of this process, which does not notice.
bool is_sandboxed(pid_t tid) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_SANDBOX_HPP
