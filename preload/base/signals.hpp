// The real-time signals that the shim has taken for itself, and what the program believes of them.
//
// They are out of every mask that the program sets. What it reads back is inferred from the mask
// that the kernel holds: where every other real-time signal is blocked, ours would be too. That
// holds for masks that come and go without a call of ours (handlers, siglongjmp, swapcontext,
// inheritance); where it would say something false (a program that blocks exactly our signal), the
// thread remembers the truth beside the kernel mask that it belongs to.
// Everything here is async-signal-safe and thread-safe unless it says otherwise.
#ifndef THREADFAULT_PRELOAD_SIGNALS_HPP
#define THREADFAULT_PRELOAD_SIGNALS_HPP

#include "base/libc_signals.hpp"

#include <signal.h>

#include <cstdint>

namespace threadfault::shim {

// Number 0 carries requests (SA_RESTART), number 1 interrupts blocking calls (no SA_RESTART).
// In use from the first thread on: before, nobody would be asked anything.
inline constexpr int kReservedSignals = 2;

// A mask as the kernel sees it: bit N-1 is signal N.
using Mask = std::uint64_t;

constexpr Mask bit_of(int signal_number) noexcept {
    return Mask{1} << (signal_number - 1);
}

// What a thread's own acts raise: blocked, they end the process.
inline constexpr Mask kSynchronous = bit_of(SIGSYS) | bit_of(SIGSEGV) | bit_of(SIGBUS) |
                                     bit_of(SIGFPE) | bit_of(SIGILL) | bit_of(SIGTRAP);

// What the helper always lets in.
inline constexpr Mask kLetIn = base::kLibcSignals | kSynchronous;

// The kernel's part of a sigset_t, which is its first word.
Mask to_mask(const sigset_t& set) noexcept;
void assign(sigset_t* set, Mask mask) noexcept;

// When the shim is loaded: the numbers, for what a parent under the shim has left to us. From
// begin_to_reserve() on they are kept out of masks: then the calling thread is to let them in.
void choose_reserved_signals() noexcept;  // idempotent
void begin_to_reserve() noexcept;
void open_up_in_this_thread() noexcept;
int reserved_signal(int which) noexcept;                      // 0: none could be had
Mask reserved_mask() noexcept;                                // 0 while not in use
void reserve_instead(int which, int signal_number) noexcept;  // 0: none
inline bool is_reserved(int signal_number) noexcept {
    return signal_number >= 1 && signal_number <= 64 &&
           (reserved_mask() & bit_of(signal_number)) != 0;
}

// Those, and all that were ours before the program took them: threads that block everything may
// still let those in.
Mask ever_reserved_mask() noexcept;

// Does `mask` hold every real-time signal but those that are or were ours?
bool is_wholesale(Mask mask) noexcept;

// What the calling thread's program believes its mask to be, given the kernel's.
Mask believed_mask(Mask kernel) noexcept;

// The calling thread's program believes `believed` while the kernel holds `kernel`.
void remember_belief(Mask kernel, Mask believed) noexcept;

// A new thread inherits its creator's mask, and with it what is believed.
struct Belief {
    Mask kernel = 0;
    Mask believed = 0;
};
Belief belief() noexcept;
void inherit_belief(Belief belief) noexcept;

// Raw: past every interposer. The calling thread's mask in the kernel.
Mask kernel_mask() noexcept;
void set_kernel_mask(Mask mask) noexcept;

// While it lives, no handler of the program interrupts the calling thread, but of the signals that
// are always let in (kLetIn).
class Undisturbed {
public:
    Undisturbed() noexcept : before_(kernel_mask()) { set_kernel_mask(~kLetIn); }
    ~Undisturbed() { set_kernel_mask(before_); }
    Undisturbed(const Undisturbed&) = delete;
    Undisturbed& operator=(const Undisturbed&) = delete;

private:
    Mask before_;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_SIGNALS_HPP
