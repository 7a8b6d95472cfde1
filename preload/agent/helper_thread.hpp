// The helper as a thread of libc's: its stack, its beginning, its end. Not thread-safe: lifecycle's
// state says whose turn it is.
//
// A handler of the program may fork at any instruction of ours, and the child goes on there without
// a helper. So whoever calls these lets no handler run (Undisturbed) until the state is true
// again.
#ifndef THREADFAULT_PRELOAD_HELPER_THREAD_HPP
#define THREADFAULT_PRELOAD_HELPER_THREAD_HPP

namespace threadfault::shim {

// What has to be looked up in advance: takes the loader's lock.
void prepare_helper_thread() noexcept;

// False: there is none, and the log says so. One that has ended is put away before.
bool create_helper_thread(void* (*body)(void*)) noexcept;

// Waits for its end, and puts it away.
void join_helper_thread() noexcept;

// Waits until the kernel has no such thread any more. Takes no lock of libc's, which a handler that
// forks may have interrupted; the next create or join puts it away.
void await_end_of_helper_thread() noexcept;

// In a forked child: it was the parent's.
void forget_helper_thread() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_HELPER_THREAD_HPP
