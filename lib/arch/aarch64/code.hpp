#ifndef THREADFAULT_ARCH_AARCH64_CODE_HPP
#define THREADFAULT_ARCH_AARCH64_CODE_HPP

#include <array>
#include <cstdint>

namespace threadfault::arch {

inline constexpr std::uint64_t kCallInstruction = 4;  // bytes of `svc #0`
inline constexpr std::uint64_t kDirectCall = 4;       // of `bl`
inline constexpr std::uint64_t kSlotCall = 12;        // of `adrp`, `ldr`, `blr`

// mov x8, #139; svc #0: where a signal handler returns to (rt_sigreturn).
inline constexpr std::array<unsigned char, 8> kTrampoline = {0x68, 0x11, 0x80, 0xd2,
                                                             0x01, 0,    0,    0xd4};
inline constexpr std::array<unsigned char, kCallInstruction> kSystemCall = {0x01, 0, 0, 0xd4};
// svc #0; ret
inline constexpr std::array<unsigned char, 8> kSyscallReturn = {0x01, 0,    0,    0xd4,
                                                                0xc0, 0x03, 0x5f, 0xd6};

// A call's number from the stack: not needed, as the kernel's own page has the trampoline.
inline constexpr std::array<unsigned char, 0> kPopNumber = {};

// What libc's syscall() ends its call with: mov x6, x7; svc #0
inline constexpr std::array<unsigned char, 8> kEndOfSyscall = {0xe6, 0x03, 0x07, 0xaa,
                                                               0x01, 0,    0,    0xd4};
// And __syscall_cancel_arch: mov x5, x7; svc #0
inline constexpr std::array<unsigned char, 8> kEndOfCancelArch = {0xe5, 0x03, 0x07, 0xaa,
                                                                  0x01, 0,    0,    0xd4};
// mov x8, #SYS_futex
inline constexpr std::array<unsigned char, 4> kLoadFutex = {0x48, 0x0c, 0x80, 0xd2};

// Waits for ever for the word that the word register points to; then one that burns CPU time. What
// is executed by mistake traps.
inline constexpr unsigned char kPark[] = {
    0x48, 0x0c, 0x80, 0xd2,  // again: mov x8, #SYS_futex
    0xe0, 0x03, 0x13, 0xaa,  // mov x0, x19
    0x01, 0x10, 0x80, 0xd2,  // mov x1, #FUTEX_WAIT | FUTEX_PRIVATE_FLAG
    0x02, 0x00, 0x80, 0xd2,  // mov x2, #0: while the word is 0
    0x03, 0x00, 0x80, 0xd2,  // mov x3, #0: without a time limit
    0x01, 0x00, 0x00, 0xd4,  // svc #0
    0xfa, 0xff, 0xff, 0x17,  // b again
};
inline constexpr unsigned char kSpin[] = {
    0x3f, 0x20, 0x03, 0xd5,  // again: yield
    0xff, 0xff, 0xff, 0x17,  // b again
};
inline constexpr std::array<unsigned char, 4> kTrap = {0, 0, 0x20, 0xd4};  // brk #0

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_CODE_HPP
