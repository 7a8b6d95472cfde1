// What the kernel puts on a thread's stack before it runs a handler there (struct rt_sigframe of
// the kernel's arch/), made from outside.
#ifndef THREADFAULT_ATTACH_SIGNAL_FRAME_HPP
#define THREADFAULT_ATTACH_SIGNAL_FRAME_HPP

#include "arch/traced.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace threadfault::attach {

inline constexpr std::size_t kLargestState = 16384;  // of the vector registers

struct SignalFrame {
    std::uint64_t address = 0;  // where a call pushes, its first word is the address of `restorer`
    std::vector<unsigned char> bytes;
};

// Below the red zone of `interrupted`, or below `top` where that is not 0. `state`: as
// PTRACE_GETREGSET gives arch::kVectorState.
SignalFrame make_signal_frame(const arch::Traced& interrupted, std::uint64_t mask,
                              std::uint64_t restorer, std::span<const unsigned char> state,
                              std::uint64_t top = 0);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_SIGNAL_FRAME_HPP
