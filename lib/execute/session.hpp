// The process's own use of the request machine, set up at the first request: signal, handler, and
// a fresh start in forked children. Not for the shim, which does both itself.
#ifndef THREADFAULT_EXECUTE_SESSION_HPP
#define THREADFAULT_EXECUTE_SESSION_HPP

#include <pthread.h>
#include <sys/types.h>

namespace threadfault::execute {

// Makes requests possible in this process, installing the handler if that was not done yet.
// Returns the process id to send under, or 0: no signal is available.
// Lock-free; thread-safe; calls nothing but sigaction(2) and raw system calls.
pid_t open_session() noexcept;

// tf_execute_set_signal(): 0, EBUSY, EINVAL or EALREADY.
int choose_session_signal(int signal_number) noexcept;

// The kernel's id of a valid pthread_t. False: the thread has ended.
bool tid_of(pthread_t thread, pid_t* tid) noexcept;

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_SESSION_HPP
