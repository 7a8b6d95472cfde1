// The signals that glibc keeps for its own threads. Needs nothing: the shim uses it as well.
#ifndef THREADFAULT_BASE_LIBC_SIGNALS_HPP
#define THREADFAULT_BASE_LIBC_SIGNALS_HPP

#include <cstdint>

namespace threadfault::base {

// glibc's <internal-signals.h>: SIGCANCEL and SIGSETXID.
inline constexpr int kLibcCancelSignal = 32;
inline constexpr int kLibcSetIdSignal = 33;

constexpr bool belongs_to_libc(int signal) noexcept {
    return signal == kLibcCancelSignal || signal == kLibcSetIdSignal;
}

// As the kernel's signal masks have it: bit `signal - 1`.
inline constexpr std::uint64_t kLibcSignals =
    std::uint64_t{1} << (kLibcCancelSignal - 1) | std::uint64_t{1} << (kLibcSetIdSignal - 1);

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_LIBC_SIGNALS_HPP
