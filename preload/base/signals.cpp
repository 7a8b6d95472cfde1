#include "preload/base/signals.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"

#include <cstring>
#include <initializer_list>

namespace threadfault::shim {

namespace {

constexpr int kFirstRealTime = 34;  // 32 and 33 are glibc's own
constexpr Mask kRealTime = ~Mask{0} << (kFirstRealTime - 1);

struct Reserved {
    std::atomic<int> number[kReservedSignals];
    std::atomic<Mask> mask{0};
    std::atomic<Mask> ever{0};
    std::atomic<bool> chosen{false};
};
constinit Reserved reserved{};

[[gnu::tls_model("initial-exec")]] constinit thread_local Belief thread_belief{};

void publish_mask() noexcept {
    Mask mask = 0;
    for (const auto& number : reserved.number) {
        const int value = number.load(std::memory_order_relaxed);
        if (value != 0) mask |= bit_of(value);
    }
    reserved.ever.fetch_or(mask, std::memory_order_relaxed);
    reserved.mask.store(mask, std::memory_order_release);
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
    const int second = first == 0 ? 0 : execute::choose_signal(first);
    reserved.number[0].store(first, std::memory_order_relaxed);
    reserved.number[1].store(second, std::memory_order_relaxed);
    for (const int number : {first, second})
        if (number != 0) reserved.ever.fetch_or(bit_of(number), std::memory_order_relaxed);
    // A parent under the shim that blocks everything has spawned us past every interposer.
    const Mask kernel = kernel_mask();
    const Mask believed = believed_mask(kernel);
    if (believed != kernel) set_kernel_mask(believed);
}

void begin_to_reserve() noexcept {
    publish_mask();
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

int reserved_signal(int which) noexcept {
    return reserved.number[which].load(std::memory_order_relaxed);
}

void reserve_instead(int which, int signal_number) noexcept {
    reserved.number[which].store(signal_number, std::memory_order_relaxed);
    publish_mask();
}

Mask reserved_mask() noexcept {
    return reserved.mask.load(std::memory_order_relaxed);
}

Mask ever_reserved_mask() noexcept {
    return reserved.ever.load(std::memory_order_relaxed);
}

bool is_wholesale(Mask mask) noexcept {
    // Never empty: the ends of the range are not chosen from (faults/installation.cpp).
    const Mask others = kRealTime & ~ever_reserved_mask();
    return (mask & others) == others;
}

Mask believed_mask(Mask kernel) noexcept {
    if (thread_belief.kernel == kernel && thread_belief.believed != 0) {
        return thread_belief.believed;
    }
    return is_wholesale(kernel) ? kernel | ever_reserved_mask() : kernel;
}

void remember_belief(Mask kernel, Mask believed) noexcept {
    const bool inferable =
        believed == (is_wholesale(kernel) ? kernel | ever_reserved_mask() : kernel);
    thread_belief = inferable ? Belief{} : Belief{kernel, believed};
}

Belief belief() noexcept {
    return thread_belief;
}

void inherit_belief(Belief belief) noexcept {
    thread_belief = belief;
}

}  // namespace threadfault::shim
