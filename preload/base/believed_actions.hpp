// Signals that have our handler in the kernel while the program believes them to be default or
// ignored: the reserved ones, and those that were given back and have no handler of the program's
// since (threads may still let them in that believe they block them).
// Everything here is async-signal-safe and thread-safe.
#ifndef THREADFAULT_PRELOAD_BELIEVED_ACTIONS_HPP
#define THREADFAULT_PRELOAD_BELIEVED_ACTIONS_HPP

#include "preload/base/signals.hpp"

namespace threadfault::shim {

Mask covered_mask() noexcept;
inline bool is_covered(int signal_number) noexcept {
    return signal_number >= 1 && signal_number <= 64 &&
           (covered_mask() & bit_of(signal_number)) != 0;
}
void cover(int signal_number) noexcept;
void uncover(int signal_number) noexcept;

// What the program reads back of a covered signal: whole, as libc would give it. `restorer`: what
// libc puts into every action.
void load_believed_action(int signal_number, struct sigaction* out) noexcept;
void believe_action(int signal_number, const struct sigaction& action, void (*restorer)()) noexcept;
bool is_believed_ignored(int signal_number) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_BELIEVED_ACTIONS_HPP
