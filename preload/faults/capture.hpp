// A thread's registers and the inner part of its stack, copied on the thread itself. They are
// unwound elsewhere: an unwinder in the handler would have to believe what lies on the stack.
#ifndef THREADFAULT_PRELOAD_CAPTURE_HPP
#define THREADFAULT_PRELOAD_CAPTURE_HPP

#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

struct Capture {
    std::int64_t held_ns = 0;
    std::uint32_t stack_size = 0;
    std::uint64_t registers[wire::kRegisters] = {};
    unsigned char stack[wire::kCaptureStack];
};

// In the handler. Async-signal-safe: two readings of the clock and one raw system call, which
// copies as much of the stack as is mapped, whatever the stack pointer says.
void capture_self(const void* context, Capture* out) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_CAPTURE_HPP
