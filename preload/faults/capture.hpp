// What a victim writes down about itself, apart from its task: a thousand are asked at once, and
// every page that is touched for the first time costs more than what is written into it.
#ifndef THREADFAULT_PRELOAD_CAPTURE_HPP
#define THREADFAULT_PRELOAD_CAPTURE_HPP

#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// A thread's registers and the inner part of its stack, copied on the thread itself. They are
// unwound elsewhere: an unwinder in the handler would have to believe what lies on the stack.
struct Capture {
    std::int64_t held_ns;
    std::uint32_t stack_size;
    std::uint64_t registers[wire::kRegisters];
    unsigned char stack[wire::kCaptureStack];
};

inline constexpr unsigned kMostFrames = wire::kMostToldFrames;

// Which of the two it is, the fault says.
union Findings {
    Capture capture;                    // of Fault::capture
    std::uint64_t frames[kMostFrames];  // of the others: instruction pointers, the inmost first
};

// In the handler. Async-signal-safe: two readings of the clock, and a raw system call a page, which
// tells whether it can be read. Copies as much of the stack as can, whatever the stack pointer
// says.
void capture_self(const void* context, Capture* out) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_CAPTURE_HPP
