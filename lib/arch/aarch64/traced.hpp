#ifndef THREADFAULT_ARCH_AARCH64_TRACED_HPP
#define THREADFAULT_ARCH_AARCH64_TRACED_HPP

#include "arch/aarch64/registers.hpp"

#include <elf.h>
#include <sys/user.h>

#include <array>
#include <cstdint>

namespace threadfault::arch {

using Traced = user_regs_struct;

// Of ptrace(PTRACE_GETREGSET): the vector registers, and those that can't be put into a frame.
inline constexpr int kVectorState = NT_PRFPREG;
inline constexpr int kStateLeftOut = NT_ARM_SVE;

constexpr auto& ip(Traced& registers) noexcept {
    return registers.pc;
}
constexpr std::uint64_t ip(const Traced& registers) noexcept {
    return registers.pc;
}
constexpr auto& sp(Traced& registers) noexcept {
    return registers.sp;
}
constexpr std::uint64_t sp(const Traced& registers) noexcept {
    return registers.sp;
}
// What a function is given first; a system call, too.
constexpr auto& first_argument(Traced& registers) noexcept {
    return registers.regs[0];
}
// Where code of ours that a thread is sent to finds its word (observe/attach_region.hpp).
constexpr auto& word_register(Traced& registers) noexcept {
    return registers.regs[19];
}
// Of a system call, once it is over.
constexpr long result(const Traced& registers) noexcept {
    return static_cast<long>(registers.regs[0]);
}
constexpr void set_result(Traced& registers, long value) noexcept {
    registers.regs[0] = static_cast<unsigned long long>(value);
}

// The kernel has forgotten it when a tracer sees the thread stand.
constexpr void forget_call(Traced& /*registers*/) noexcept {}
// As they are for the instruction that makes a call.
constexpr void set_call(Traced& registers, long number, const std::array<std::uint64_t, 6>& with) {
    registers.regs[8] = static_cast<unsigned long long>(number);
    for (std::size_t i = 0; i < with.size(); ++i)
        registers.regs[i] = with[i];
}
// As at a function's first instruction, to return to `back`.
constexpr void enter_function(Traced& registers, std::uint64_t back) noexcept {
    registers.regs[30] = back;
}
constexpr void return_to(Traced& registers, std::uint64_t back) noexcept {
    registers.regs[30] = back;
}

inline constexpr bool kDescriptorEndsAtPointer = true;
// libc's descriptor of a thread (struct pthread) of `size` bytes ends at the thread pointer.
constexpr std::uint64_t descriptor_at(std::uint64_t thread_pointer, std::uint64_t size) noexcept {
    return thread_pointer - size;
}

// The thread pointer, if it is among the registers; false: it is read apart, as
// arch::kThreadPointer.
constexpr bool read_thread_pointer(const Traced& /*registers*/, std::uint64_t* /*out*/) noexcept {
    return false;
}
inline constexpr int kThreadPointer = NT_ARM_TLS;

constexpr std::array<std::uint64_t, kRegisters> in_order(const Traced& from) noexcept {
    std::array<std::uint64_t, kRegisters> out{};
    for (std::size_t i = 0; i < kStackPointer; ++i)
        out[i] = from.regs[i];
    out[kStackPointer] = from.sp;
    out[kInstructionPointer] = from.pc;
    return out;
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_TRACED_HPP
