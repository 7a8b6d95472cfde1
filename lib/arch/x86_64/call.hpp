#ifndef THREADFAULT_ARCH_X86_64_CALL_HPP
#define THREADFAULT_ARCH_X86_64_CALL_HPP

#include <sys/syscall.h>

namespace threadfault::arch {

inline long call(long number, const long (&words)[6]) noexcept {
    register long r10 __asm__("r10") = words[3];
    register long r8 __asm__("r8") = words[4];
    register long r9 __asm__("r9") = words[5];
    long result = number;
    // The kernel overwrites rcx and r11; "memory", because arguments may point at anything.
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(words[0]), "S"(words[1]), "d"(words[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

inline void pause() noexcept {
    __builtin_ia32_pause();
}

// Calls that newer machines have no more.
inline constexpr long kPoll = SYS_poll;
inline constexpr long kSelect = SYS_select;
inline constexpr long kEpollWait = SYS_epoll_wait;
inline constexpr long kPause = SYS_pause;
inline constexpr long kVfork = SYS_vfork;
// What libc's functions of those names make.
inline constexpr long kPolled = SYS_poll;
inline constexpr long kEpollWaited = SYS_epoll_wait;
inline constexpr long kPaused = SYS_pause;

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_CALL_HPP
