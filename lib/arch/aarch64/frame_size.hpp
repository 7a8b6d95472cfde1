#ifndef THREADFAULT_ARCH_AARCH64_FRAME_SIZE_HPP
#define THREADFAULT_ARCH_AARCH64_FRAME_SIZE_HPP

#include <cstdint>

namespace threadfault::arch {

// Of kernels that don't tell AT_MINSIGSTKSZ (all of those that we run on do): MINSIGSTKSZ.
inline constexpr std::uint32_t kOldFrame = 5120;

// AT_MINSIGSTKSZ counts what the processor has, SVE's registers included.
constexpr std::uint32_t frame_in_use(std::uint32_t told) noexcept {
    return told;
}

// Used of a victim's stack. The unwinder keeps 97 registers for each frame, not 17: reckoned from
// that, not measured, and rather too much.
inline constexpr std::uint32_t kToHandle = 1024;
inline constexpr std::uint32_t kToLook = 6144;
inline constexpr std::uint32_t kToUnwind = 12288;

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_FRAME_SIZE_HPP
