#ifndef THREADFAULT_ARCH_AARCH64_MACHINE_HPP
#define THREADFAULT_ARCH_AARCH64_MACHINE_HPP

#include <elf.h>
#include <linux/audit.h>

#include <cstdint>

namespace threadfault::arch {

inline constexpr const char kName[] = "aarch64";
inline constexpr const char kKernelName[] = "aarch64";  // uname(2)
inline constexpr const char kLibraryPath[] = "aarch64-linux-gnu";

inline constexpr std::uint32_t kAuditArch = AUDIT_ARCH_AARCH64;  // seccomp's name
inline constexpr std::uint16_t kElfMachine = EM_AARCH64;
// ELF for the Arm 64-bit architecture, 5.7.11.
inline constexpr std::uint32_t kRelocatedRelative = R_AARCH64_RELATIVE;
inline constexpr std::uint32_t kRelocatedWord = R_AARCH64_ABS64;
inline constexpr std::uint32_t kRelocatedSlot = R_AARCH64_GLOB_DAT;
inline constexpr std::uint32_t kRelocatedCall = R_AARCH64_JUMP_SLOT;
inline constexpr std::uint32_t kRelocatedCopy = R_AARCH64_COPY;
// Does the symbol's address get the addend?
constexpr bool adds(std::uint32_t type) noexcept {
    return type == kRelocatedWord || type == kRelocatedSlot || type == kRelocatedCall;
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_MACHINE_HPP
