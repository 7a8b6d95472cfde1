#ifndef THREADFAULT_ARCH_X86_64_MACHINE_HPP
#define THREADFAULT_ARCH_X86_64_MACHINE_HPP

#include <elf.h>
#include <linux/audit.h>

#include <cstdint>

namespace threadfault::arch {

inline constexpr const char kName[] = "x86-64";
inline constexpr const char kKernelName[] = "x86_64";  // uname(2)
inline constexpr const char kLibraryPath[] = "x86_64-linux-gnu";

inline constexpr std::uint32_t kAuditArch = AUDIT_ARCH_X86_64;  // seccomp's name
inline constexpr std::uint16_t kElfMachine = EM_X86_64;
// System V ABI for x86-64, table 4.9.
inline constexpr std::uint32_t kRelocatedRelative = R_X86_64_RELATIVE;
inline constexpr std::uint32_t kRelocatedWord = R_X86_64_64;
inline constexpr std::uint32_t kRelocatedSlot = R_X86_64_GLOB_DAT;
inline constexpr std::uint32_t kRelocatedCall = R_X86_64_JUMP_SLOT;
inline constexpr std::uint32_t kRelocatedCopy = R_X86_64_COPY;
// Does the symbol's address get the addend?
constexpr bool adds(std::uint32_t type) noexcept {
    return type == kRelocatedWord;
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_MACHINE_HPP
