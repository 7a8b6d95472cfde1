#ifndef THREADFAULT_ARCH_X86_64_TRACED_HPP
#define THREADFAULT_ARCH_X86_64_TRACED_HPP

#include "arch/x86_64/registers.hpp"

#include <elf.h>
#include <sys/user.h>

#include <array>
#include <cstdint>

namespace threadfault::arch {

using Traced = user_regs_struct;

// Of ptrace(PTRACE_GETREGSET): the vector registers, and those that can't be put into a frame; 0:
// there are none such.
inline constexpr int kVectorState = NT_X86_XSTATE;
inline constexpr int kStateLeftOut = 0;

constexpr auto& ip(Traced& registers) noexcept {
    return registers.rip;
}
constexpr std::uint64_t ip(const Traced& registers) noexcept {
    return registers.rip;
}
constexpr auto& sp(Traced& registers) noexcept {
    return registers.rsp;
}
constexpr std::uint64_t sp(const Traced& registers) noexcept {
    return registers.rsp;
}
// What a function is given first; a system call, too.
constexpr auto& first_argument(Traced& registers) noexcept {
    return registers.rdi;
}
// Where code of ours that a thread is sent to finds its word (observe/attach_region.hpp).
constexpr auto& word_register(Traced& registers) noexcept {
    return registers.rbx;
}
// Of a system call, once it is over.
constexpr long result(const Traced& registers) noexcept {
    return static_cast<long>(registers.rax);
}
constexpr void set_result(Traced& registers, long value) noexcept {
    registers.rax = static_cast<unsigned long long>(value);
}

// The kernel shall not take it for a thread in a system call, which it would make again.
constexpr void forget_call(Traced& registers) noexcept {
    registers.orig_rax = static_cast<unsigned long long>(-1);
}
// As they are for the instruction that makes a call, in the first three arguments and more.
constexpr void set_call(Traced& registers, long number, const std::array<std::uint64_t, 6>& with) {
    registers.rax = static_cast<unsigned long long>(number);
    registers.rdi = with[0];
    registers.rsi = with[1];
    registers.rdx = with[2];
    registers.r10 = with[3];
    registers.r8 = with[4];
    registers.r9 = with[5];
}
// As at a function's first instruction, to return to `back`: which the stack has already.
constexpr void enter_function(Traced& registers, std::uint64_t /*back*/) noexcept {
    constexpr std::uint64_t kDirectionFlag = 0x400;
    registers.rax = 0;
    registers.eflags &= ~kDirectionFlag;
}
constexpr void return_to(Traced& /*registers*/, std::uint64_t /*back*/) noexcept {}

inline constexpr bool kDescriptorEndsAtPointer = false;
// libc's descriptor of a thread (struct pthread) of `size` bytes lies at the thread pointer.
constexpr std::uint64_t descriptor_at(std::uint64_t thread_pointer,
                                      std::uint64_t /*size*/) noexcept {
    return thread_pointer;
}

// The thread pointer, if it is among the registers; false: it is read apart, as
// arch::kThreadPointer.
constexpr bool read_thread_pointer(const Traced& registers, std::uint64_t* out) noexcept {
    *out = registers.fs_base;
    return true;
}
inline constexpr int kThreadPointer = 0;

constexpr std::array<std::uint64_t, kRegisters> in_order(const Traced& from) noexcept {
    return {from.rax, from.rdx, from.rcx, from.rbx, from.rsi, from.rdi, from.rbp, from.rsp, from.r8,
            from.r9,  from.r10, from.r11, from.r12, from.r13, from.r14, from.r15, from.rip};
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_TRACED_HPP
