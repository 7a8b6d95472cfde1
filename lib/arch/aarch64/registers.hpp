#ifndef THREADFAULT_ARCH_AARCH64_REGISTERS_HPP
#define THREADFAULT_ARCH_AARCH64_REGISTERS_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::arch {

// In the order of DWARF's numbers (DWARF for the Arm 64-bit architecture, 4.1): x0..x30, sp; then
// the program counter, where libunwind has it.
inline constexpr std::size_t kRegisters = 33;
inline constexpr std::size_t kFramePointer = 29;
inline constexpr std::size_t kStackPointer = 31;
inline constexpr std::size_t kInstructionPointer = 32;
// The link register: a call leaves the return address there, and who calls others saves it.
inline constexpr std::size_t kReturnAddress = 30;
inline constexpr bool kCallPushes = false;

// What a function must give back unchanged (AAPCS64, 6.1.1): x19 to x29. The frame pointer's place
// among them.
inline constexpr std::size_t kSaved[] = {19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
inline constexpr std::size_t kSavedFramePointer = 10;
// Instructions number them alike.
inline constexpr auto& kSavedInCode = kSaved;
inline constexpr std::size_t kRegistersInCode = 32;

// Nothing below the stack pointer is the function's (AAPCS64, 6.4.5.1).
inline constexpr std::uint32_t kRedZone = 0;

// A return address as it is stored, as an address: with pointer authentication it is signed in its
// upper bits (48 bits of addresses, as Linux gives them out unasked).
constexpr std::uint64_t plain_address(std::uint64_t stored) noexcept {
    return stored & ((std::uint64_t{1} << 48) - 1);
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_REGISTERS_HPP
