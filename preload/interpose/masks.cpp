// The calls that edit or read the calling thread's signal mask. Our signals never get into it; what
// the program reads back is what it set. As async-signal-safe as the calls behind them: atomic
// loads, thread-locals and the real call, which resolve() has looked up.
#include "base/libc_signals.hpp"
#include "preload/base/export.hpp"
#include "preload/base/real.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/installation.hpp"
#include "preload/points/point.hpp"

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

// For calls that take signals away: a set of everything means everything but ours; a set that
// names our signal means that the program uses it, so it gets it.
class Wanted {
public:
    explicit Wanted(const sigset_t* set) : stripped_(make_way(set)) {}
    const sigset_t* get() const { return stripped_.get(); }

private:
    static const sigset_t* make_way(const sigset_t* set) {
        shim::ensure_loaded();
        if (set == nullptr || is_wholesale(to_mask(*set))) return set;
        Mask named = to_mask(*set) & reserved_mask();
        for (int number = 1; named != 0; ++number, named >>= 1) {
            if ((named & 1) != 0) shim::signal_taken(number);
        }
        return set;
    }

    Stripped stripped_;
};

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

THREADFAULT_EXPORT int signalfd(int descriptor, const sigset_t* set, int flags) noexcept {
    return real::signalfd(descriptor, Wanted(set).get(), flags);
}

THREADFAULT_EXPORT int sigwait(const sigset_t* set, int* signal_number) {
    return shim::point<Call::sigwait, real::sigwait>(Wanted(set).get(), signal_number);
}

THREADFAULT_EXPORT int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    return shim::point<Call::sigwaitinfo, real::sigwaitinfo>(Wanted(set).get(), info);
}

THREADFAULT_EXPORT int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
    return shim::point<Call::sigtimedwait, real::sigtimedwait>(Wanted(set).get(), info, timeout);
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
