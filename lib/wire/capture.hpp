// Registers and stacks of threads, captured on them.
#ifndef THREADFAULT_WIRE_CAPTURE_HPP
#define THREADFAULT_WIRE_CAPTURE_HPP

#include "wire/faults.hpp"
#include "wire/header.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

// Registers in the order of DWARF's numbers for x86-64 (System V ABI, figure 3.36): rax, rdx, rcx,
// rbx, rsi, rdi, rbp, rsp, r8..r15, rip.
inline constexpr std::size_t kRegisters = 17;
inline constexpr std::size_t kRegisterSp = 7;
inline constexpr std::size_t kRegisterIp = 16;
inline constexpr std::size_t kCaptureStack = 4096;  // bytes from rsp upwards, at most

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
    // unsigned char stack[stack_size] follow, from rsp on
};

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_CAPTURE_HPP
