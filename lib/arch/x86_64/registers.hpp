#ifndef THREADFAULT_ARCH_X86_64_REGISTERS_HPP
#define THREADFAULT_ARCH_X86_64_REGISTERS_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::arch {

// In the order of DWARF's numbers (System V ABI for x86-64, figure 3.36): rax, rdx, rcx, rbx, rsi,
// rdi, rbp, rsp, r8..r15, rip.
inline constexpr std::size_t kRegisters = 17;
inline constexpr std::size_t kFramePointer = 6;
inline constexpr std::size_t kStackPointer = 7;
inline constexpr std::size_t kInstructionPointer = 16;
// DWARF's column of the return address, which a call has pushed: it always lies right below the
// frame's end.
inline constexpr std::size_t kReturnAddress = 16;
inline constexpr bool kCallPushes = true;

// What a function must give back unchanged: rbx, rbp, r12 to r15. The frame pointer's place among
// them.
inline constexpr std::size_t kSaved[] = {3, 6, 12, 13, 14, 15};
inline constexpr std::size_t kSavedFramePointer = 1;
// The same as instructions number them, and how many those know.
inline constexpr std::size_t kSavedInCode[] = {3, 5, 12, 13, 14, 15};
inline constexpr std::size_t kRegistersInCode = 16;

// What a function may use below its stack pointer without having moved it (System V ABI, 3.2.2).
inline constexpr std::uint32_t kRedZone = 128;

// A return address as it is stored, as an address.
constexpr std::uint64_t plain_address(std::uint64_t stored) noexcept {
    return stored;
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_REGISTERS_HPP
