// Raw system calls that return -errno and never touch errno: for signal handlers, and for threads
// that must call nothing of libc that may lock, allocate or be interposed.
// Everything here is async-signal-safe and thread-safe.
#ifndef THREADFAULT_EXECUTE_SYSCALLS_HPP
#define THREADFAULT_EXECUTE_SYSCALLS_HPP

#include "arch/call.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace threadfault::execute {

template <typename T>
inline long sys_word(T value) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<long>(value);
    } else if constexpr (std::is_null_pointer_v<T>) {
        return 0;
    } else {
        return static_cast<long>(value);
    }
}

// number, then up to six arguments (integers or pointers). Returns the kernel's value: -errno on
// failure. Not for calls that return twice in shared memory (vfork) or that switch stacks (clone).
template <typename... Arguments>
inline long sys_call(long number, Arguments... arguments) noexcept {
    static_assert(sizeof...(Arguments) <= 6, "a system call has at most six arguments");
    const long words[6] = {sys_word(arguments)...};
    return arch::call(number, words);
}

inline pid_t sys_gettid() noexcept {
    return static_cast<pid_t>(sys_call(SYS_gettid));
}

// Never cached, so true in forked and vforked children too.
inline pid_t sys_getpid() noexcept {
    return static_cast<pid_t>(sys_call(SYS_getpid));
}

// Signal 0 only asks: 0 or -ESRCH. A dead main thread that is still listed answers 0.
inline long sys_tgkill(pid_t pid, pid_t tid, int signal_number) noexcept {
    return sys_call(SYS_tgkill, pid, tid, signal_number);
}

inline long sys_rt_tgsigqueueinfo(pid_t pid, pid_t tid, int signal_number,
                                  const siginfo_t* info) noexcept {
    return sys_call(SYS_rt_tgsigqueueinfo, pid, tid, signal_number, info);
}

// Never: a deadline that does not come.
inline constexpr std::int64_t kNever = INT64_MAX;
inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// CLOCK_MONOTONIC in nanoseconds, through the vDSO.
inline std::int64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * kNanosecondsPerSecond + now.tv_nsec;
}

// Sleeps while `word` == `expected`, at most until `deadline_ns` (CLOCK_MONOTONIC; kNever: without
// limit). 0 (woken, perhaps by chance), -EAGAIN (another value), -EINTR, -ETIMEDOUT.
// Process-private.
inline long sys_futex_wait(const std::atomic<std::uint32_t>* word, std::uint32_t expected,
                           std::int64_t deadline_ns = kNever) noexcept {
    timespec limit{};
    if (deadline_ns != kNever) {
        if (deadline_ns < 0) deadline_ns = 0;
        limit.tv_sec = deadline_ns / kNanosecondsPerSecond;
        limit.tv_nsec = deadline_ns % kNanosecondsPerSecond;
    }
    return sys_call(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                    deadline_ns == kNever ? nullptr : &limit, nullptr, FUTEX_BITSET_MATCH_ANY);
}

// Wakes at most `count` sleepers; returns how many.
inline long sys_futex_wake(const std::atomic<std::uint32_t>* word, int count = INT32_MAX) noexcept {
    return sys_call(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count);
}

// Returns a descriptor or -errno; always close-on-exec.
inline int sys_open(const char* path, int flags, mode_t mode = 0) noexcept {
    return static_cast<int>(sys_call(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode));
}

// Retried when a signal interrupts it.
inline long sys_read(int descriptor, void* buffer, std::size_t size) noexcept {
    for (;;) {
        const long got = sys_call(SYS_read, descriptor, buffer, size);
        if (got != -EINTR) return got;
    }
}

inline long sys_write(int descriptor, const void* buffer, std::size_t size) noexcept {
    for (;;) {
        const long put = sys_call(SYS_write, descriptor, buffer, size);
        if (put != -EINTR) return put;
    }
}

inline void sys_close(int descriptor) noexcept {
    sys_call(SYS_close, descriptor);
}

// What rt_sigaction(2) reads and writes; libc's struct sigaction has another layout.
struct KernelSigaction {
    void* handler;
    unsigned long flags;
    void* restorer;
    std::uint64_t mask;
};

// The kernel's own view of a disposition, past every interposer. 0 or -errno.
inline long sys_query_sigaction(int signal_number, KernelSigaction* out) noexcept {
    return sys_call(SYS_rt_sigaction, signal_number, nullptr, out, sizeof out->mask);
}

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_SYSCALLS_HPP
