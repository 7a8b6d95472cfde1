// Our handlers in the program's table of dispositions: put there, moved when the program takes the
// signal, and out of sight for exec. Async-signal-safe and thread-safe unless it says otherwise.
#ifndef THREADFAULT_PRELOAD_INSTALLATION_HPP
#define THREADFAULT_PRELOAD_INSTALLATION_HPP

namespace threadfault::shim {

// Chooses our signals and installs the handlers through the real sigaction, unless that was done:
// by agent_start(), or when the first mask of an action is to be kept free of them. From then on
// they are kept out of masks, so one that the program believes blocked may come through; before,
// the shim leaves no trace. False: no signal is left for us. Not async-signal-safe.
bool install_handlers() noexcept;

// The program uses a reserved signal itself: it gets it; we move to another. Our handler stays on
// it until the program puts one there, and passes on what comes (strangers.hpp). The caller's mask
// follows.
void signal_taken(int signal_number) noexcept;

// The same but for the caller's mask, which is the caller's affair.
void give_signal_back(int signal_number) noexcept;

// For the kernel alone, whatever the program believes.
void set_raw_disposition(int signal_number, void (*handler)(int)) noexcept;

// Gives the covered signals the disposition that the program believes in: for exec.
void show_believed_dispositions() noexcept;
void restore_our_dispositions() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_INSTALLATION_HPP
