#ifndef THREADFAULT_ARCH_X86_64_CODE_HPP
#define THREADFAULT_ARCH_X86_64_CODE_HPP

#include <array>
#include <cstdint>

namespace threadfault::arch {

inline constexpr std::uint64_t kCallInstruction = 2;  // bytes of `syscall`
inline constexpr std::uint64_t kDirectCall = 5;       // of `call rel32`
inline constexpr std::uint64_t kSlotCall = 6;         // of `call *slot(%rip)`, without a prefix

// mov $15, %rax; syscall: where a signal handler returns to (rt_sigreturn).
inline constexpr std::array<unsigned char, 9> kTrampoline = {0x48, 0xc7, 0xc0, 0x0f, 0,
                                                             0,    0,    0x0f, 0x05};
inline constexpr std::array<unsigned char, kCallInstruction> kSystemCall = {0x0f, 0x05};
// syscall; ret
inline constexpr std::array<unsigned char, 3> kSyscallReturn = {0x0f, 0x05, 0xc3};

// pop %rax; ret: a call's number from the stack.
inline constexpr std::array<unsigned char, 2> kPopNumber = {0x58, 0xc3};

// What libc's syscall() ends its call with: mov 8(%rsp),%r9; syscall
inline constexpr std::array<unsigned char, 7> kEndOfSyscall = {0x4c, 0x8b, 0x4c, 0x24,
                                                               0x08, 0x0f, 0x05};
// And __syscall_cancel_arch: mov %r11,8(%rsp); syscall
inline constexpr std::array<unsigned char, 7> kEndOfCancelArch = {0x4c, 0x89, 0x5c, 0x24,
                                                                  0x08, 0x0f, 0x05};
// mov $SYS_futex, %eax
inline constexpr std::array<unsigned char, 5> kLoadFutex = {0xb8, 0xca, 0, 0, 0};

// Waits for ever for the word that the word register points to; then one that burns CPU time. What
// is executed by mistake traps.
inline constexpr unsigned char kPark[] = {
    0xb8, 0xca, 0,    0, 0,  // again: mov $SYS_futex, %eax
    0x48, 0x89, 0xdf,        // mov %rbx, %rdi
    0xbe, 0x80, 0,    0, 0,  // mov $FUTEX_WAIT | FUTEX_PRIVATE_FLAG, %esi
    0x31, 0xd2,              // xor %edx, %edx: while the word is 0
    0x45, 0x31, 0xd2,        // xor %r10d, %r10d: without a time limit
    0x0f, 0x05,              // syscall
    0xeb, 0xea,              // jmp again
};
inline constexpr unsigned char kSpin[] = {
    0xf3, 0x90,  // again: pause
    0xeb, 0xfc,  // jmp again
};
inline constexpr std::array<unsigned char, 4> kTrap = {0xcc, 0xcc, 0xcc, 0xcc};  // int3

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_CODE_HPP
