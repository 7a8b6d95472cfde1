// The real-time signals that the shim has taken for itself, and what the program believes of them.
#ifndef THREADFAULT_PRELOAD_SIGNALS_HPP
#define THREADFAULT_PRELOAD_SIGNALS_HPP

#include <signal.h>

#include <cstdint>

namespace threadfault::shim {

// Candidates are reserved from the shim's load on, so that masks set before the first thread are
// harmless; number 0 carries requests (SA_RESTART), number 1 interrupts (no SA_RESTART).
// Both may move when the program takes one (signal_taken).
inline constexpr int kReservedSignals = 2;

void choose_reserved_signals() noexcept;  // idempotent, before or in the constructor
int reserved_signal(int which) noexcept;  // 0: none could be had
bool is_reserved(int signal_number) noexcept;

// Installs our handlers through the real sigaction; called by agent_start(). False: no agent.
bool install_handlers() noexcept;

// The program installed a handler of its own on a reserved signal: it gets it; we move to another.
void signal_taken(int signal_number) noexcept;

// Takes the reserved signals out of `set`; returns which were in (bit i: reserved signal i).
std::uint32_t strip_reserved(sigset_t* set) noexcept;
void add_reserved(sigset_t* set, std::uint32_t which) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_SIGNALS_HPP
