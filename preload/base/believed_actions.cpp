#include "preload/base/believed_actions.hpp"

#include <atomic>
#include <cstring>

namespace threadfault::shim {

namespace {

// The kernel's flag for "there is a restorer", which libc sets and passes on; not in its headers.
constexpr int kRestorer = 0x04000000;
// What a kernel keeps of the flags that it is given (since Linux 5.11).
constexpr auto kKnownFlags =
    static_cast<int>(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                     SA_NODEFER | SA_RESETHAND | kRestorer | 0x00000800 /* SA_EXPOSE_TAGBITS */);
constexpr Mask kNeverBlocked = bit_of(SIGKILL) | bit_of(SIGSTOP);

struct Action {
    std::atomic<bool> ignored{false};
    std::atomic<int> flags{0};
    std::atomic<Mask> mask{0};
    std::atomic<void (*)()> restorer{nullptr};
};
constinit Action actions[65]{};
constinit std::atomic<Mask> covered{0};

}  // namespace

Mask covered_mask() noexcept {
    return covered.load(std::memory_order_relaxed);
}

void cover(int signal_number) noexcept {
    covered.fetch_or(bit_of(signal_number), std::memory_order_relaxed);
}

void uncover(int signal_number) noexcept {
    covered.fetch_and(~bit_of(signal_number), std::memory_order_relaxed);
}

void load_believed_action(int signal_number, struct sigaction* out) noexcept {
    const Action& action = actions[signal_number];
    std::memset(out, 0, sizeof *out);
    out->sa_handler = action.ignored.load(std::memory_order_relaxed) ? SIG_IGN : SIG_DFL;
    out->sa_flags = action.flags.load(std::memory_order_relaxed);
    assign(&out->sa_mask, action.mask.load(std::memory_order_relaxed));
    out->sa_restorer = action.restorer.load(std::memory_order_relaxed);
}

void believe_action(int signal_number, const struct sigaction& believed,
                    void (*restorer)()) noexcept {
    Action& action = actions[signal_number];
    action.ignored.store(believed.sa_handler == SIG_IGN, std::memory_order_relaxed);
    action.flags.store((believed.sa_flags | kRestorer) & kKnownFlags, std::memory_order_relaxed);
    action.mask.store(to_mask(believed.sa_mask) & ~kNeverBlocked, std::memory_order_relaxed);
    action.restorer.store(restorer, std::memory_order_relaxed);
}

bool is_believed_ignored(int signal_number) noexcept {
    return actions[signal_number].ignored.load(std::memory_order_relaxed);
}

}  // namespace threadfault::shim
