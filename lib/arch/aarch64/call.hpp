#ifndef THREADFAULT_ARCH_AARCH64_CALL_HPP
#define THREADFAULT_ARCH_AARCH64_CALL_HPP

#include <sys/syscall.h>

namespace threadfault::arch {

inline long call(long number, const long (&words)[6]) noexcept {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = words[0];
    register long x1 __asm__("x1") = words[1];
    register long x2 __asm__("x2") = words[2];
    register long x3 __asm__("x3") = words[3];
    register long x4 __asm__("x4") = words[4];
    register long x5 __asm__("x5") = words[5];
    // The kernel keeps all registers but x0; "memory", because arguments may point at anything.
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

inline void pause() noexcept {
    __asm__ volatile("yield");
}

// Calls that this machine has never had (ppoll, pselect6, epoll_pwait, clone do their work): no
// number that a thread can be seen in.
inline constexpr long kPoll = -1001;
inline constexpr long kSelect = -1002;
inline constexpr long kEpollWait = -1003;
inline constexpr long kPause = -1004;
inline constexpr long kVfork = -1005;
// What libc's functions of those names make.
inline constexpr long kPolled = SYS_ppoll;
inline constexpr long kEpollWaited = SYS_epoll_pwait;
inline constexpr long kPaused = SYS_ppoll;

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_CALL_HPP
