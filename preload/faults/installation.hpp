// Our handlers in the program's table of dispositions: put there, moved when the program takes the
// signal, and out of sight for exec. Async-signal-safe and thread-safe unless it says otherwise.
#ifndef THREADFAULT_PRELOAD_INSTALLATION_HPP
#define THREADFAULT_PRELOAD_INSTALLATION_HPP

namespace threadfault::shim {

// Installs our handlers through the real sigaction; called by agent_start(). False: no agent.
// Not async-signal-safe.
bool install_handlers() noexcept;

// The program uses a reserved signal itself: it gets it; we move to another.
void signal_taken(int signal_number) noexcept;

// Gives the reserved signals the disposition that the program believes in: for exec.
void show_believed_dispositions() noexcept;
void restore_our_dispositions() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_INSTALLATION_HPP
