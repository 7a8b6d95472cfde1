// Async-signal-safe: atomics, thread-locals and raw system calls.
#include "preload/faults/strangers.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/agent_thread.hpp"
#include "preload/base/believed_actions.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/installation.hpp"
#include "preload/registry/agent_calls.hpp"

#include <ucontext.h>

#include <atomic>
#include <cstring>

namespace threadfault::shim {

namespace {

using execute::sys_call;

// Descriptors of signalfd(2), most recent first to go when there are many.
constexpr unsigned kDescriptors = 32;
struct Descriptor {
    std::atomic<int> number{-1};
    std::atomic<Mask> wanted{0};
    std::atomic<pid_t> maker{0};  // a forked child shares it, and must not widen it for its parent
};
constinit Descriptor descriptors[kDescriptors]{};
constinit std::atomic<unsigned> next_descriptor{0};

void widen_signal_descriptors(pid_t pid, int signal_number) noexcept {
    for (const Descriptor& one : descriptors) {
        const Mask wanted = one.wanted.load(std::memory_order_acquire);
        if ((wanted & bit_of(signal_number)) == 0) continue;
        if (one.maker.load(std::memory_order_relaxed) != pid) continue;
        const Mask now = wanted & ~reserved_mask();
        // A number that is something else by now is refused.
        sys_call(SYS_signalfd4, one.number.load(std::memory_order_relaxed), &now, sizeof now, 0);
    }
}

// What pthread_sigqueue has under way: for the kernel, and in what arrives, it is the same as
// sigqueue. (tid << 8 | number), 0: free. When there are too many, one counts as the process's.
constinit std::atomic<std::uint64_t> under_way[64]{};

std::uint64_t key_of(pid_t tid, int signal_number) noexcept {
    return static_cast<std::uint64_t>(tid) << 8 | static_cast<unsigned>(signal_number);
}

bool exchange_one(std::uint64_t from, std::uint64_t to) noexcept {
    for (auto& place : under_way) {
        std::uint64_t found = from;
        if (place.load(std::memory_order_relaxed) == from &&
            place.compare_exchange_strong(found, to, std::memory_order_acq_rel)) {
            return true;
        }
    }
    return false;
}

// Was it meant for this one thread?
bool was_for_this_thread(int signal_number, const siginfo_t& info) noexcept {
    if (info.si_code != SI_QUEUE) return info.si_code == SI_TKILL;
    return forget_directed(libc_tid(::pthread_self()), signal_number);
}

void send_again(pid_t pid, int signal_number, siginfo_t* info, bool to_this_thread) noexcept {
    if (!to_this_thread) {
        if (sys_call(SYS_rt_sigqueueinfo, pid, signal_number, info) == 0) return;
        // The kernel lets main alone say for another that he used kill(2): the sender becomes us.
        if (info->si_code == SI_USER && sys_call(SYS_kill, pid, signal_number) == 0) return;
    }
    execute::sys_rt_tgsigqueueinfo(pid, execute::sys_gettid(), signal_number, info);
}

}  // namespace

void pass_on(int signal_number, siginfo_t* info, void* context) noexcept {
    const pid_t pid = execute::sys_getpid();
    // The helper lets the signal in while it sleeps. It is shut out while this handler runs, so
    // somebody else gets it, and afterwards: where two signals woke the helper at once, the frame
    // below is the other one's handler, which runs with what ppoll lets in.
    if (is_agent_thread()) {
        sigset_t& after = static_cast<ucontext_t*>(context)->uc_sigmask;
        assign(&after, to_mask(after) | bit_of(signal_number) | ever_reserved_mask());
        return send_again(pid, signal_number, info, false);
    }

    // As it was before this handler, and will be after it.
    sigset_t& mask = static_cast<ucontext_t*>(context)->uc_sigmask;
    const Mask kernel = to_mask(mask);
    const Mask believed = believed_mask(kernel);
    if ((believed & bit_of(signal_number)) == 0) {
        if (is_believed_ignored(signal_number)) return;
        set_raw_disposition(signal_number, SIG_DFL);
        return send_again(pid, signal_number, info, true);
    }
    // A vfork child shares our memory: what we use is not its affair.
    const bool moves = pid == shim_pid() && is_reserved(signal_number);
    if (moves) give_signal_back(signal_number);
    const Mask next = (believed & ~reserved_mask()) | bit_of(signal_number);
    assign(&mask, next);
    remember_belief(next, believed);
    // Or the helper might be given it.
    if (moves) tell_agent_of_move();
    send_again(pid, signal_number, info, was_for_this_thread(signal_number, *info));
    widen_signal_descriptors(pid, signal_number);
}

void remember_directed(pid_t tid, int signal_number) noexcept {
    exchange_one(0, key_of(tid, signal_number));
}

bool forget_directed(pid_t tid, int signal_number) noexcept {
    return exchange_one(key_of(tid, signal_number), 0);
}

void remember_signal_descriptor(int descriptor, const sigset_t& wanted) noexcept {
    unsigned place = kDescriptors;
    for (unsigned i = 0; i < kDescriptors && place == kDescriptors; ++i)
        if (descriptors[i].number.load(std::memory_order_relaxed) == descriptor) place = i;
    const bool partly = (to_mask(wanted) & reserved_mask()) != 0;
    if (place == kDescriptors) {
        if (!partly) return;
        place = next_descriptor.fetch_add(1, std::memory_order_relaxed) % kDescriptors;
    }
    Descriptor& one = descriptors[place];
    one.wanted.store(0, std::memory_order_release);
    one.number.store(descriptor, std::memory_order_relaxed);
    one.maker.store(shim_pid(), std::memory_order_relaxed);
    if (partly) one.wanted.store(to_mask(wanted), std::memory_order_release);
}

}  // namespace threadfault::shim
