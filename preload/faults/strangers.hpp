// Signals with a number of ours that are not ours: the program's own, sent by it, to it or for it
// (timers, message queues, asynchronous I/O).
#ifndef THREADFAULT_PRELOAD_STRANGERS_HPP
#define THREADFAULT_PRELOAD_STRANGERS_HPP

#include <signal.h>
#include <sys/types.h>

namespace threadfault::shim {

// In our handler: the program gets the signal as it would have without us. A thread that believes
// it blocked has it blocked and waiting from now on, and we use another number; one that believes
// it ignored goes on; any other dies of it when the handler returns.
// Async-signal-safe.
void pass_on(int signal_number, siginfo_t* info, void* context) noexcept;

// pthread_sigqueue is about to send a covered signal to that thread; it could not, or the signal
// has arrived. False: nothing was remembered. Async-signal-safe.
void remember_directed(pid_t tid, int signal_number) noexcept;
bool forget_directed(pid_t tid, int signal_number) noexcept;

// A signalfd of the program's that was made for `wanted` and listens to less, because some of that
// is ours: when the program gets a signal back, the descriptor gets it, too. Async-signal-safe.
void remember_signal_descriptor(int descriptor, const sigset_t& wanted) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STRANGERS_HPP
