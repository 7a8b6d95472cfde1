#include "preload/faults/installation.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/real.hpp"
#include "preload/base/signals.hpp"
#include "preload/registry/registry.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

constinit std::atomic<bool> installed{false};

int other(int which) noexcept {
    return reserved_signal(1 - which);
}

// `interrupt`: that a handler ran is all that matters; the agent sees it by the count.
void on_interrupt(int) {
    if (Record* const record = self()) record->interrupts.fetch_add(1, std::memory_order_release);
}

bool install_one(int which) noexcept {
    const int number = reserved_signal(which);
    if (number == 0) return which != 0;  // without the second, only `interrupt` is missing
    if (which == 0) return execute::install(number, real::sigaction.get());
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    // No SA_RESTART: that is its whole purpose.
    action.sa_flags = SA_ONSTACK;
    return real::sigaction(number, &action, nullptr) == 0;
}

void set_raw_disposition(int number, void* handler) noexcept {
    execute::KernelSigaction action{};
    action.handler = handler;
    execute::sys_call(SYS_rt_sigaction, number, &action, nullptr, sizeof action.mask);
}

}  // namespace

bool install_handlers() noexcept {
    if (reserved_signal(0) == 0) return false;
    if (!install_one(0)) return false;
    install_one(1);
    installed.store(true, std::memory_order_release);
    return true;
}

void signal_taken(int signal_number) noexcept {
    for (int which = 0; which < kReservedSignals; ++which) {
        if (reserved_signal(which) != signal_number) continue;
        const Mask kernel = kernel_mask();
        const Mask believed = believed_mask(kernel);
        // Passing over both: the one that was taken may still have the default disposition.
        int next = execute::choose_signal(signal_number);
        if (next == other(which) || next == signal_number) {
            next = 0;
            for (int number = SIGRTMAX - 2; number >= SIGRTMIN + 2 && next == 0; --number) {
                execute::KernelSigaction now{};
                if (number != other(which) && number != signal_number &&
                    execute::sys_query_sigaction(number, &now) == 0 && now.handler == nullptr) {
                    next = number;
                }
            }
        }
        reserve_instead(which, next);
        const bool ignored = set_believed_ignored(which, false);
        if (installed.load(std::memory_order_acquire)) {
            set_raw_disposition(signal_number, ignored ? reinterpret_cast<void*>(SIG_IGN)
                                                       : reinterpret_cast<void*>(SIG_DFL));
            install_one(which);
        }
        // The program's own mask holds again for the signal that it took.
        const Mask next_kernel = believed & ~reserved_mask();
        if (next_kernel != kernel) set_kernel_mask(next_kernel);
        remember_belief(next_kernel, believed);
    }
}

void show_believed_dispositions() noexcept {
    for (int which = 0; which < kReservedSignals; ++which) {
        if (reserved_signal(which) != 0 && is_believed_ignored(which)) {
            set_raw_disposition(reserved_signal(which), reinterpret_cast<void*>(SIG_IGN));
        }
    }
}

void restore_our_dispositions() noexcept {
    if (!installed.load(std::memory_order_acquire)) return;
    for (int which = 0; which < kReservedSignals; ++which) {
        if (reserved_signal(which) != 0 && is_believed_ignored(which)) install_one(which);
    }
}

}  // namespace threadfault::shim
