// What makes a signal ours: the number in use, the process id that we send under, and a random
// cookie. Any process of the same user can forge the first two, so nothing rests on them alone.
#ifndef THREADFAULT_EXECUTE_IDENTITY_HPP
#define THREADFAULT_EXECUTE_IDENTITY_HPP

#include "execute/core.hpp"

#include <signal.h>

namespace threadfault::execute {

// si_value as this process sends it: slot, generation, cookie. Async-signal-safe.
void* to_sigval(Ticket ticket) noexcept;

// The ticket in a signal that this process queued for a request; false: a stranger's signal.
// Async-signal-safe.
bool from_signal(const siginfo_t& info, Ticket* ticket) noexcept;

// Who gets the others; nullptr: nobody. Async-signal-safe.
Stranger stranger() noexcept;

// The pid under which requests are sent, as the last sender saw itself.
void remember_pid(pid_t pid) noexcept;

// Runs requests: what install() makes the signal's handler.
void on_signal(int signal_number, siginfo_t* info, void* context);

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_IDENTITY_HPP
