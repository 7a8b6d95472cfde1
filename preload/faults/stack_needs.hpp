// How much of a victim's stack is used by what runs on it for us.
// tests/integration/small_stacks_test.cpp fails where a number is too low.
#ifndef THREADFAULT_PRELOAD_STACK_NEEDS_HPP
#define THREADFAULT_PRELOAD_STACK_NEEDS_HPP

#include "arch/frame_size.hpp"
#include "arch/registers.hpp"
#include "base/fault.hpp"

#include <cstdint>

namespace threadfault::shim {

// What the interrupted function may use below its stack pointer: the kernel goes past it, except on
// an alternate stack.
inline constexpr std::uint32_t kRedZone = arch::kRedZone;
// Our handler, and whatever it calls to hold a thread, to look at its registers, or to end it raw.
inline constexpr std::uint32_t kToHandle = arch::kToHandle;
// The handler and glibc's backtrace(), which tells a safe point.
inline constexpr std::uint32_t kToLook = arch::kToLook;
// The handler, pthread_exit() or pthread_cancel() and the unwinder, up to the first destructor or
// clean-up handler, which then runs on the stack as it was where it belongs to.
inline constexpr std::uint32_t kToUnwind = arch::kToUnwind;

// Below what the kernel puts there.
constexpr std::uint32_t stack_need(base::Fault fault, bool anywhere) noexcept {
    const base::FaultInfo& kind = base::info(fault);
    if (kind.unwinds) return kToUnwind;
    return kind.safe_point && !anywhere ? kToLook : kToHandle;
}

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STACK_NEEDS_HPP
