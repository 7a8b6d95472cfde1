// Registers and stacks of threads, captured on them.
#ifndef THREADFAULT_WIRE_CAPTURE_HPP
#define THREADFAULT_WIRE_CAPTURE_HPP

#include "arch/registers.hpp"
#include "wire/faults.hpp"
#include "wire/header.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

// In the order of DWARF's numbers. A client talks to shims of its own machine alone.
inline constexpr std::size_t kRegisters = arch::kRegisters;
inline constexpr std::size_t kRegisterBp = arch::kFramePointer;
inline constexpr std::size_t kRegisterSp = arch::kStackPointer;
inline constexpr std::size_t kRegisterIp = arch::kInstructionPointer;
inline constexpr std::size_t kCaptureStack = 4096;  // bytes from the stack pointer upwards, at most

inline constexpr std::size_t kMostCaptures = 64;  // a request

struct CaptureTarget {
    std::uint64_t serial = 0;  // as in FaultRequest
    std::int32_t tid = 0;
    std::uint32_t number = 0;  // chosen by the client, echoed in the answer
};

struct CaptureRequest {
    static constexpr Type kType = Type::capture;
    Header header;
    std::int64_t wait_ns = 0;  // how long the agent tries before it answers
    std::uint32_t count = 0;   // of the targets: 1 or more
    std::uint32_t reserved = 0;
    CaptureTarget targets[kMostCaptures] = {};
};

// Some of the threads of one or several requests, as they answered.
struct CaptureReply {
    static constexpr Type kType = Type::capture_reply;
    Header header;
    // CaptureRecord, and its stack, again and again until the end
};

struct CaptureRecord {
    std::uint32_t number = 0;
    FaultOutcome outcome{};  // done, refused, no_such_thread
    Reason reason{};
    std::uint32_t stack_size = 0;  // bytes that follow
    std::int64_t held_ns = 0;      // how long the thread was in the handler for it
    std::uint64_t registers[kRegisters] = {};
    // unsigned char stack[stack_size] follow, from the stack pointer on
};

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_CAPTURE_HPP
