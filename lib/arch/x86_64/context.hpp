#ifndef THREADFAULT_ARCH_X86_64_CONTEXT_HPP
#define THREADFAULT_ARCH_X86_64_CONTEXT_HPP

#include "arch/x86_64/registers.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cerrno>
#include <cstdint>

namespace threadfault::arch {

inline std::uint64_t instruction_pointer(const ucontext_t& context) noexcept {
    return static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
}

inline std::uint64_t stack_pointer(const ucontext_t& context) noexcept {
    return static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RSP]);
}

// Of a system call that a handler stands in for (SIGSYS).
inline void set_result(ucontext_t& context, long value) noexcept {
    context.uc_mcontext.gregs[REG_RAX] = value;
}

inline void copy_registers(const ucontext_t& context, std::uint64_t (&out)[kRegisters]) noexcept {
    static constexpr int kOrder[kRegisters] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                               REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                               REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    for (std::size_t i = 0; i < kRegisters; ++i)
        out[i] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[kOrder[i]]);
}

// The futex that the thread slept on when the signal came; 0: it didn't, or it can't be told. The
// kernel has set the thread back to the call's instruction, so that it is made again, or behind it,
// where it has a time limit.
inline std::uint64_t awaited_word(const ucontext_t& context) noexcept {
    const greg_t* const registers = context.uc_mcontext.gregs;
    const auto* const next = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
    const auto is_call = [](const unsigned char* code) {
        return code[0] == 0x0f && code[1] == 0x05;  // syscall
    };
    const bool again = registers[REG_RAX] == SYS_futex && is_call(next);
    const bool behind = registers[REG_RAX] == -EINTR && is_call(next - 2);
    if (!again && !behind) return 0;
    const auto command = static_cast<unsigned>(registers[REG_RSI]) & FUTEX_CMD_MASK;
    const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
    return waits ? static_cast<std::uint64_t>(registers[REG_RDI]) : 0;
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_CONTEXT_HPP
