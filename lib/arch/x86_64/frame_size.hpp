#ifndef THREADFAULT_ARCH_X86_64_FRAME_SIZE_HPP
#define THREADFAULT_ARCH_X86_64_FRAME_SIZE_HPP

#include "arch/x86_64/call.hpp"

#include <cstdint>

namespace threadfault::arch {

// Of kernels that don't tell AT_MINSIGSTKSZ (before 5.14): MINSIGSTKSZ.
inline constexpr std::uint32_t kOldFrame = 2048;

// AT_MINSIGSTKSZ counts every register that the processor has. The tiles of AMX (8 KiB) are saved
// of processes alone that have asked for them: arch_prctl(ARCH_REQ_XCOMP_PERM).
inline std::uint32_t frame_in_use(std::uint32_t told) noexcept {
    constexpr long kGetSupported = 0x1021;  // ARCH_GET_XCOMP_SUPP of asm/prctl.h, Linux 5.16
    constexpr long kGetPermitted = 0x1022;  // ARCH_GET_XCOMP_PERM
    constexpr std::uint64_t kTiles = 1U << 18;
    constexpr std::uint32_t kTilesSize = 8192;
    if (told <= kTilesSize + kOldFrame) return told;
    std::uint64_t supported = 0;
    std::uint64_t permitted = 0;
    const auto ask = [](long what, std::uint64_t* answer) {
        return call(SYS_arch_prctl, {what, reinterpret_cast<long>(answer)}) == 0;
    };
    const bool asked = ask(kGetSupported, &supported) && ask(kGetPermitted, &permitted);
    return asked && (supported & ~permitted & kTiles) != 0 ? told - kTilesSize : told;
}

// Used of a victim's stack, measured on painted ones (430, 1,950 and 4,770 bytes).
inline constexpr std::uint32_t kToHandle = 768;
inline constexpr std::uint32_t kToLook = 2560;
inline constexpr std::uint32_t kToUnwind = 4800;

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_FRAME_SIZE_HPP
