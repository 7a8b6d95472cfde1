// The functions behind our interposers: what dlsym(RTLD_NEXT) finds. A namespace of their own, so
// that a wrapper can't call itself by accident.
//
// Each is looked up at its first call, because a program pays only for what it uses, and may be
// used before our constructor has run (allocators and runtimes create threads before main).
// Looking up takes the loader's lock, so what a program may call in a signal handler is looked up
// in advance, by resolve().
#ifndef THREADFAULT_PRELOAD_REAL_HPP
#define THREADFAULT_PRELOAD_REAL_HPP

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <threads.h>
#include <unistd.h>

#include <atomic>

extern "C" int __ppoll_chk(struct pollfd*, nfds_t, const struct timespec*, const sigset_t*, size_t);

namespace threadfault::shim::real {

template <typename Pointer>
class Lazy {
public:
    constexpr explicit Lazy(const char* name) noexcept : name_(name) {}

    Pointer get() noexcept {
        void* found = found_.load(std::memory_order_relaxed);
        if (found == nullptr) {
            // Two threads may find the same at once; both store the same.
            found = ::dlsym(RTLD_NEXT, name_);
            found_.store(found, std::memory_order_relaxed);
        }
        return reinterpret_cast<Pointer>(found);
    }

    // nullptr: not looked up yet.
    Pointer peek() const noexcept {
        return reinterpret_cast<Pointer>(found_.load(std::memory_order_relaxed));
    }

    // Not noexcept: what is called may be a cancellation point.
    template <typename... Arguments>
    auto operator()(Arguments... arguments) {
        return get()(arguments...);
    }

private:
    const char* name_;
    std::atomic<void*> found_{nullptr};
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#define THREADFAULT_REAL(function)                          \
    inline constinit Lazy<decltype(&::function)> function { \
#function                                           \
    }
THREADFAULT_REAL(pthread_create);
THREADFAULT_REAL(thrd_create);
THREADFAULT_REAL(pthread_exit);
THREADFAULT_REAL(pthread_join);
THREADFAULT_REAL(thrd_exit);
THREADFAULT_REAL(pthread_setname_np);
THREADFAULT_REAL(prctl);
THREADFAULT_REAL(_Fork);
THREADFAULT_REAL(unshare);
THREADFAULT_REAL(setns);
THREADFAULT_REAL(syscall);

THREADFAULT_REAL(sigprocmask);
THREADFAULT_REAL(pthread_sigmask);
THREADFAULT_REAL(pthread_attr_setsigmask_np);
THREADFAULT_REAL(pthread_attr_getsigmask_np);
THREADFAULT_REAL(pthread_sigqueue);
THREADFAULT_REAL(sigpending);
THREADFAULT_REAL(sigsuspend);
THREADFAULT_REAL(pselect);
THREADFAULT_REAL(ppoll);
THREADFAULT_REAL(__ppoll_chk);
THREADFAULT_REAL(epoll_pwait);
THREADFAULT_REAL(epoll_pwait2);
THREADFAULT_REAL(signalfd);
THREADFAULT_REAL(sigwait);
THREADFAULT_REAL(sigwaitinfo);
THREADFAULT_REAL(sigtimedwait);

THREADFAULT_REAL(sigaction);
THREADFAULT_REAL(signal);
inline constinit Lazy<decltype(&::signal)> sysv_signal{"__sysv_signal"};
THREADFAULT_REAL(sigset);
THREADFAULT_REAL(sighold);
THREADFAULT_REAL(sigrelse);
THREADFAULT_REAL(sigignore);
THREADFAULT_REAL(siginterrupt);
THREADFAULT_REAL(sigaltstack);

THREADFAULT_REAL(execve);
THREADFAULT_REAL(execvpe);
THREADFAULT_REAL(fexecve);
THREADFAULT_REAL(execveat);
#undef THREADFAULT_REAL
#pragma GCC diagnostic pop

// Looks up what may be called in a signal handler (POSIX.1-2017, 2.4.3). Idempotent.
inline void resolve() noexcept {
    sigaction.get();
    signal.get();
    sigprocmask.get();
    pthread_sigmask.get();
    pthread_sigqueue.get();
    sigpending.get();
    sigsuspend.get();
    pselect.get();
    sigaltstack.get();
    execve.get();
    _Fork.get();
}

}  // namespace threadfault::shim::real

#endif  // THREADFAULT_PRELOAD_REAL_HPP
