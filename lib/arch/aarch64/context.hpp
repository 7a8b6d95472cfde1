#ifndef THREADFAULT_ARCH_AARCH64_CONTEXT_HPP
#define THREADFAULT_ARCH_AARCH64_CONTEXT_HPP

#include "arch/aarch64/registers.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cstdint>
#include <cstring>

namespace threadfault::arch {

inline std::uint64_t instruction_pointer(const ucontext_t& context) noexcept {
    return context.uc_mcontext.pc;
}

inline std::uint64_t stack_pointer(const ucontext_t& context) noexcept {
    return context.uc_mcontext.sp;
}

// Of a system call that a handler stands in for (SIGSYS).
inline void set_result(ucontext_t& context, long value) noexcept {
    context.uc_mcontext.regs[0] = static_cast<unsigned long long>(value);
}

inline void copy_registers(const ucontext_t& context, std::uint64_t (&out)[kRegisters]) noexcept {
    for (std::size_t i = 0; i < kStackPointer; ++i)
        out[i] = context.uc_mcontext.regs[i];
    out[kStackPointer] = context.uc_mcontext.sp;
    out[kInstructionPointer] = context.uc_mcontext.pc;
}

// The futex that the thread slept on when the signal came; 0: it didn't, or it can't be told. The
// kernel has set the thread back to the call's instruction, so that it is made again; where it has
// a time limit it is behind it, and the result has taken the place of the address.
inline std::uint64_t awaited_word(const ucontext_t& context) noexcept {
    const auto& registers = context.uc_mcontext.regs;
    std::uint32_t next = 0;
    std::memcpy(&next, reinterpret_cast<const void*>(context.uc_mcontext.pc), sizeof next);
    constexpr std::uint32_t kCall = 0xd4000001;  // svc #0
    if (registers[8] != SYS_futex || next != kCall) return 0;
    const auto command = static_cast<unsigned>(registers[1]) & FUTEX_CMD_MASK;
    const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
    return waits ? registers[0] : 0;
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_CONTEXT_HPP
