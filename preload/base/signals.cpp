#include "preload/base/signals.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/real.hpp"
#include "preload/registry/registry.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

constexpr int kFirstRealTime = 34;  // 32 and 33 are glibc's own
constexpr Mask kRealTime = ~Mask{0} << (kFirstRealTime - 1);

struct Reserved {
    std::atomic<int> number[kReservedSignals];
    std::atomic<Mask> mask{0};
    std::atomic<bool> chosen{false};
    std::atomic<bool> installed{false};
    std::atomic<bool> ignored[kReservedSignals];
};
constinit Reserved reserved{};

[[gnu::tls_model("initial-exec")]] constinit thread_local Belief thread_belief{};

int other(int which) noexcept {
    return reserved.number[1 - which].load(std::memory_order_relaxed);
}

void publish_mask() noexcept {
    Mask mask = 0;
    for (const auto& number : reserved.number) {
        const int value = number.load(std::memory_order_relaxed);
        if (value != 0) mask |= bit_of(value);
    }
    reserved.mask.store(mask, std::memory_order_release);
}

// A mask that was inherited (from a parent that blocks all) must not make us deaf.
void open_up_in_this_thread() noexcept {
    const Mask kernel = kernel_mask();
    const Mask ours = reserved_mask();
    if ((kernel & ours) == 0) return;
    const Mask believed = believed_mask(kernel) | (kernel & ours);
    set_kernel_mask(kernel & ~ours);
    remember_belief(kernel & ~ours, believed);
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

Mask to_mask(const sigset_t& set) noexcept {
    Mask mask = 0;
    std::memcpy(&mask, &set, sizeof mask);
    return mask;
}

void assign(sigset_t* set, Mask mask) noexcept {
    std::memcpy(set, &mask, sizeof mask);
}

Mask kernel_mask() noexcept {
    Mask mask = 0;
    execute::sys_call(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &mask, sizeof mask);
    return mask;
}

void set_kernel_mask(Mask mask) noexcept {
    execute::sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

void choose_reserved_signals() noexcept {
    if (reserved.chosen.exchange(true, std::memory_order_acq_rel)) return;
    const int first = execute::choose_signal(0);
    reserved.number[0].store(first, std::memory_order_relaxed);
    reserved.number[1].store(first == 0 ? 0 : execute::choose_signal(first),
                             std::memory_order_relaxed);
    publish_mask();
    open_up_in_this_thread();
}

int reserved_signal(int which) noexcept {
    return reserved.number[which].load(std::memory_order_relaxed);
}

Mask reserved_mask() noexcept {
    return reserved.mask.load(std::memory_order_relaxed);
}

bool install_handlers() noexcept {
    if (reserved_signal(0) == 0) return false;
    if (!install_one(0)) return false;
    install_one(1);
    reserved.installed.store(true, std::memory_order_release);
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
        reserved.number[which].store(next, std::memory_order_relaxed);
        publish_mask();
        const bool ignored = reserved.ignored[which].exchange(false, std::memory_order_relaxed);
        if (reserved.installed.load(std::memory_order_acquire)) {
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

bool is_wholesale(Mask mask) noexcept {
    const Mask others = kRealTime & ~reserved_mask();
    return (mask & others) == others;
}

Mask believed_mask(Mask kernel) noexcept {
    if (thread_belief.kernel == kernel && thread_belief.believed != 0) {
        return thread_belief.believed;
    }
    return is_wholesale(kernel) ? kernel | reserved_mask() : kernel;
}

void remember_belief(Mask kernel, Mask believed) noexcept {
    const bool inferable = believed == (is_wholesale(kernel) ? kernel | reserved_mask() : kernel);
    thread_belief = inferable ? Belief{} : Belief{kernel, believed};
}

Belief belief() noexcept {
    return thread_belief;
}

void inherit_belief(Belief belief) noexcept {
    thread_belief = belief;
}

bool is_believed_ignored(int which) noexcept {
    return reserved.ignored[which].load(std::memory_order_relaxed);
}

void set_believed_ignored(int which, bool ignored) noexcept {
    reserved.ignored[which].store(ignored, std::memory_order_relaxed);
}

void show_believed_dispositions() noexcept {
    for (int which = 0; which < kReservedSignals; ++which) {
        if (reserved_signal(which) != 0 && is_believed_ignored(which)) {
            set_raw_disposition(reserved_signal(which), reinterpret_cast<void*>(SIG_IGN));
        }
    }
}

void restore_our_dispositions() noexcept {
    if (!reserved.installed.load(std::memory_order_acquire)) return;
    for (int which = 0; which < kReservedSignals; ++which) {
        if (reserved_signal(which) != 0 && is_believed_ignored(which)) install_one(which);
    }
}

}  // namespace threadfault::shim
