// The calls that edit or read the calling thread's signal mask. Our signals never get into it; what
// the program reads back is what it set. As async-signal-safe as the calls behind them: atomic
// loads, thread-locals and the real call, which resolve() has looked up.
#include "base/libc_signals.hpp"
#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/believed_actions.hpp"
#include "preload/base/export.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/real.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/installation.hpp"
#include "preload/faults/strangers.hpp"
#include "preload/points/point.hpp"
#include "preload/registry/agent_calls.hpp"

#include <errno.h>
#include <signal.h>

using threadfault::inject::Call;
using threadfault::shim::assign;
using threadfault::shim::believed_mask;
using threadfault::shim::is_wholesale;
using threadfault::shim::Mask;
using threadfault::shim::reserved_mask;
using threadfault::shim::to_mask;
namespace shim = threadfault::shim;
namespace real = threadfault::shim::real;

namespace {

// glibc never lets a program block its own two, and the kernel never SIGKILL and SIGSTOP.
constexpr Mask kUnblockable =
    threadfault::base::kLibcSignals | shim::bit_of(SIGKILL) | shim::bit_of(SIGSTOP);

Mask apply(int how, Mask mask, Mask set) {
    switch (how) {
        case SIG_BLOCK:
            return mask | (set & ~kUnblockable);
        case SIG_UNBLOCK:
            return mask & ~set;
        default:
            return set & ~kUnblockable;
    }
}

template <typename Real>
int change_mask(Real& real_call, int how, const sigset_t* set, sigset_t* old) {
    shim::ensure_loaded();
    if (set == nullptr && old == nullptr) return real_call(how, set, old);
    sigset_t stripped;
    if (set != nullptr) {
        stripped = *set;
        assign(&stripped, to_mask(*set) & ~reserved_mask());
    }
    sigset_t before;
    const int result = real_call(how, set != nullptr ? &stripped : nullptr, &before);
    if (result != 0) return result;
    const Mask kernel = to_mask(before);
    const Mask believed = believed_mask(kernel);
    if (set != nullptr) {
        // The mask in the kernel follows from what we know; asking for it would cost a call.
        shim::remember_belief(apply(how, kernel, to_mask(stripped)),
                              apply(how, believed, to_mask(*set)));
    }
    if (old != nullptr) {
        *old = before;
        assign(old, believed);
    }
    return 0;
}

// For calls that hold a mask while they wait: only the kernel must not see our signals in it.
class Stripped {
public:
    explicit Stripped(const sigset_t* set) {
        shim::ensure_loaded();
        if (set == nullptr || (to_mask(*set) & reserved_mask()) == 0) {
            used_ = set;
            return;
        }
        copy_ = *set;
        assign(&copy_, to_mask(*set) & ~reserved_mask());
        used_ = &copy_;
    }
    const sigset_t* get() const { return used_; }

private:
    sigset_t copy_;
    const sigset_t* used_;
};

// For calls that take signals away: a set that names our signal, and is not simply everything,
// means that the program uses it, so it gets it.
void make_way_for(const sigset_t* set) {
    shim::ensure_loaded();
    if (set == nullptr || is_wholesale(to_mask(*set))) return;
    Mask named = to_mask(*set) & reserved_mask();
    if (named == 0) return;
    for (int number = 1; named != 0; ++number, named >>= 1) {
        if ((named & 1) != 0) shim::signal_taken(number);
    }
    shim::tell_agent_of_move();
}

// The signal was one of ours, taken by a wait of the program's: its handler gets it, here and now.
void hand_over(int signal_number, siginfo_t* info) {
    const Mask kernel = shim::kernel_mask();
    const Mask one = shim::bit_of(signal_number);
    // By a direct system call, against our will.
    const bool shut_out = (kernel & one) != 0;
    if (shut_out) shim::set_kernel_mask(kernel & ~one);
    namespace execute = threadfault::execute;
    execute::sys_rt_tgsigqueueinfo(shim::shim_pid(), execute::sys_gettid(), signal_number, info);
    if (shut_out) shim::set_kernel_mask(kernel);
}

// sigtimedwait(2) for a set that may hold ours: the kernel lets a wait take a signal before its
// handler sees it, so the program gets its own (62 of 62), and ours go on to the handler.
// -1 with EINTR for our interruptions, which are meant to be noticed.
int take_signal(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
    if (set == nullptr || (to_mask(*set) & reserved_mask()) == 0) {
        return real::sigtimedwait(set, info, timeout);
    }
    using threadfault::execute::kNanosecondsPerSecond;
    using threadfault::execute::monotonic_ns;
    timespec left{};
    std::int64_t begin = 0;
    if (timeout != nullptr) {
        left = *timeout;
        begin = monotonic_ns();
    }
    for (;;) {
        siginfo_t taken;
        const int number = real::sigtimedwait(set, &taken, timeout != nullptr ? &left : nullptr);
        if (number <= 0) return number;
        if (!shim::is_covered(number) || !threadfault::execute::is_ours(taken)) {
            if (taken.si_code == SI_QUEUE) {
                shim::forget_directed(shim::libc_tid(::pthread_self()), number);
            }
            if (info != nullptr) *info = taken;
            return number;
        }
        const bool interruption = number == shim::reserved_signal(1);
        hand_over(number, &taken);
        if (interruption) {
            errno = EINTR;
            return -1;
        }
        if (timeout == nullptr) continue;
        const std::int64_t whole = timeout->tv_sec * kNanosecondsPerSecond + timeout->tv_nsec;
        std::int64_t rest = whole - (monotonic_ns() - begin);
        if (rest < 0) rest = 0;
        left = {rest / kNanosecondsPerSecond, rest % kNanosecondsPerSecond};
    }
}

int take_with_info(const sigset_t* set, siginfo_t* info) {
    return take_signal(set, info, nullptr);
}

// sigwait(3) does not end with EINTR.
int take_number(const sigset_t* set, int* signal_number) {
    if (set == nullptr || (to_mask(*set) & reserved_mask()) == 0) {
        return real::sigwait(set, signal_number);
    }
    const int kept = errno;
    int number = -1;
    while ((number = take_signal(set, nullptr, nullptr)) < 0 && errno == EINTR) {
    }
    const int error = errno;
    errno = kept;
    if (number < 0) return error;
    *signal_number = number;
    return 0;
}

}  // namespace

THREADFAULT_EXPORT int sigprocmask(int how, const sigset_t* set, sigset_t* old) noexcept {
    return change_mask(real::sigprocmask, how, set, old);
}

THREADFAULT_EXPORT int pthread_sigmask(int how, const sigset_t* set, sigset_t* old) noexcept {
    return change_mask(real::pthread_sigmask, how, set, old);
}

THREADFAULT_EXPORT int pthread_attr_setsigmask_np(pthread_attr_t* attributes, const sigset_t* set) {
    return real::pthread_attr_setsigmask_np(attributes, Stripped(set).get());
}

THREADFAULT_EXPORT int pthread_attr_getsigmask_np(const pthread_attr_t* attributes, sigset_t* set) {
    shim::ensure_loaded();
    const int result = real::pthread_attr_getsigmask_np(attributes, set);
    if (result == 0 && is_wholesale(to_mask(*set))) {
        assign(set, to_mask(*set) | reserved_mask());
    }
    return result;
}

THREADFAULT_EXPORT int sigpending(sigset_t* set) noexcept {
    shim::ensure_loaded();
    const int result = real::sigpending(set);
    // Only a thread that blocks them by direct system calls can have any of ours pending.
    if (result == 0) assign(set, to_mask(*set) & ~reserved_mask());
    return result;
}

// Not noexcept from here on: cancellation points. Points, too: in the basic shim no rule is ever
// armed for them.

THREADFAULT_EXPORT int sigsuspend(const sigset_t* set) {
    return shim::point<Call::sigsuspend, real::sigsuspend>(Stripped(set).get());
}

THREADFAULT_EXPORT int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
                               const timespec* timeout, const sigset_t* mask) {
    return shim::point<Call::pselect, real::pselect>(count, readable, writable, exceptional,
                                                     timeout, Stripped(mask).get());
}

THREADFAULT_EXPORT int ppoll(pollfd* descriptors, nfds_t count, const timespec* timeout,
                             const sigset_t* mask) {
    return shim::point<Call::ppoll, real::ppoll>(descriptors, count, timeout, Stripped(mask).get());
}

THREADFAULT_EXPORT int __ppoll_chk(pollfd* descriptors, nfds_t count, const timespec* timeout,
                                   const sigset_t* mask, size_t size) {
    return shim::point<Call::ppoll, real::__ppoll_chk>(descriptors, count, timeout,
                                                       Stripped(mask).get(), size);
}

THREADFAULT_EXPORT int epoll_pwait(int descriptor, epoll_event* events, int count, int timeout,
                                   const sigset_t* mask) {
    return shim::point<Call::epoll_pwait, real::epoll_pwait>(descriptor, events, count, timeout,
                                                             Stripped(mask).get());
}

THREADFAULT_EXPORT int epoll_pwait2(int descriptor, epoll_event* events, int count,
                                    const timespec* timeout, const sigset_t* mask) {
    return shim::point<Call::epoll_pwait2, real::epoll_pwait2>(descriptor, events, count, timeout,
                                                               Stripped(mask).get());
}

// Not our signals: a reader would take what is sent to it, and a signalfd tells the kinds apart
// only for who reads it. When the program sends itself one, we leave it the number, and the
// descriptor gets it.
THREADFAULT_EXPORT int signalfd(int descriptor, const sigset_t* set, int flags) noexcept {
    make_way_for(set);
    const int result = real::signalfd(descriptor, Stripped(set).get(), flags);
    if (result >= 0) shim::remember_signal_descriptor(result, *set);
    return result;
}

THREADFAULT_EXPORT int sigwait(const sigset_t* set, int* signal_number) {
    make_way_for(set);
    return shim::point<Call::sigwait, take_number>(set, signal_number);
}

THREADFAULT_EXPORT int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    make_way_for(set);
    return shim::point<Call::sigwaitinfo, take_with_info>(set, info);
}

THREADFAULT_EXPORT int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
    make_way_for(set);
    return shim::point<Call::sigtimedwait, take_signal>(set, info, timeout);
}

// Told apart from sigqueue(3), in case it comes to our handler.
THREADFAULT_EXPORT int pthread_sigqueue(pthread_t thread, int signal_number,
                                        const sigval value) noexcept {
    shim::ensure_loaded();
    if (!shim::is_covered(signal_number)) {
        return real::pthread_sigqueue(thread, signal_number, value);
    }
    const pid_t tid = shim::libc_tid(thread);
    shim::remember_directed(tid, signal_number);
    const int result = real::pthread_sigqueue(thread, signal_number, value);
    if (result != 0) shim::forget_directed(tid, signal_number);
    return result;
}

// The System V calls that edit the mask inside libc, for one signal.

THREADFAULT_EXPORT int sighold(int signal_number) noexcept {
    shim::ensure_loaded();
    if (!shim::is_reserved(signal_number)) return real::sighold(signal_number);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    return change_mask(real::sigprocmask, SIG_BLOCK, &set, nullptr);
}

THREADFAULT_EXPORT int sigrelse(int signal_number) noexcept {
    shim::ensure_loaded();
    if (!shim::is_reserved(signal_number)) return real::sigrelse(signal_number);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    return change_mask(real::sigprocmask, SIG_UNBLOCK, &set, nullptr);
}
