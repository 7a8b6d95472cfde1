#include "preload/faults/installation.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/believed_actions.hpp"
#include "preload/base/real.hpp"
#include "preload/base/signals.hpp"
#include "preload/faults/strangers.hpp"
#include "preload/registry/registry.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

constinit std::atomic<bool> installed{false};

// `interrupt`: that a handler ran is all that matters; the agent sees it by the count.
void on_interrupt(int signal_number, siginfo_t* info, void* context) {
    const int kept = errno;
    if (!execute::is_ours(*info)) {
        pass_on(signal_number, info, context);
    } else if (Record* const record = self()) {
        record->interrupts.fetch_add(1, std::memory_order_release);
    }
    errno = kept;
}

bool install_one(int which) noexcept {
    const int number = reserved_signal(which);
    if (number == 0) return which != 0;  // without the second, only `interrupt` is missing
    if (which == 0) {
        if (!execute::install(number, real::sigaction.get())) return false;
    } else {
        struct sigaction action;
        std::memset(&action, 0, sizeof action);
        action.sa_sigaction = on_interrupt;
        // No SA_RESTART: that is its whole purpose.
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        if (real::sigaction(number, &action, nullptr) != 0) return false;
    }
    cover(number);
    return true;
}

// Nobody has a handler on it, and nothing waits that we would let in.
bool is_free(int signal_number) noexcept {
    Mask waiting = 0;
    execute::sys_call(SYS_rt_sigpending, &waiting, sizeof waiting);
    execute::KernelSigaction now{};
    return (waiting & bit_of(signal_number)) == 0 &&
           execute::sys_query_sigaction(signal_number, &now) == 0 && now.handler == nullptr;
}

// One that was never ours. Both ends of the range are the program's, whatever happens.
int next_signal() noexcept {
    const auto first_between = [](int high, int low) {
        for (int number = high; number >= low; --number)
            if ((ever_reserved_mask() & bit_of(number)) == 0 && is_free(number)) return number;
        return 0;
    };
    const int found = first_between(SIGRTMAX - 4, SIGRTMIN + 8);
    return found != 0 ? found : first_between(SIGRTMAX - 2, SIGRTMIN + 2);
}

}  // namespace

void set_raw_disposition(int signal_number, void (*handler)(int)) noexcept {
    execute::KernelSigaction action{};
    action.handler = reinterpret_cast<void*>(handler);
    execute::sys_call(SYS_rt_sigaction, signal_number, &action, nullptr, sizeof action.mask);
}

bool install_handlers() noexcept {
    if (installed.load(std::memory_order_acquire)) return reserved_signal(0) != 0;
    choose_reserved_signals();
    for (int which = 0; which < kReservedSignals; ++which) {
        const int chosen = reserved_signal(which);
        if (chosen == 0 || !is_free(chosen)) reserve_instead(which, next_signal());
    }
    begin_to_reserve();
    execute::pass_strangers_to(pass_on);
    if (reserved_signal(0) == 0 || !install_one(0)) return false;
    install_one(1);
    installed.store(true, std::memory_order_release);
    open_up_in_this_thread();
    return true;
}

void give_signal_back(int signal_number) noexcept {
    for (int which = 0; which < kReservedSignals; ++which) {
        if (reserved_signal(which) != signal_number) continue;
        reserve_instead(which, next_signal());
        if (!installed.load(std::memory_order_acquire)) continue;
        if (reserved_signal(which) != 0) {
            install_one(which);
        } else if (which == 0) {
            execute::forget_signal();
        }
    }
}

void signal_taken(int signal_number) noexcept {
    const Mask kernel = kernel_mask();
    const Mask believed = believed_mask(kernel);
    give_signal_back(signal_number);
    // The program's own mask holds again for the signal that it took.
    const Mask next_kernel = believed & ~reserved_mask();
    if (next_kernel != kernel) set_kernel_mask(next_kernel);
    remember_belief(next_kernel, believed);
}

namespace {

template <typename Do>
void for_each_ignored(Do what) noexcept {
    for (int number = 1; number <= 64; ++number)
        if (is_covered(number) && is_believed_ignored(number)) what(number);
}

}  // namespace

void show_believed_dispositions() noexcept {
    for_each_ignored([](int number) { set_raw_disposition(number, SIG_IGN); });
}

void restore_our_dispositions() noexcept {
    for_each_ignored([](int number) {
        for (int which = 0; which < kReservedSignals; ++which)
            if (reserved_signal(which) == number) install_one(which);
        // One that was given back needs no handler as long as it is ignored.
        if (!is_reserved(number)) uncover(number);
    });
}

}  // namespace threadfault::shim
