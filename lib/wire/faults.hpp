// What is done to one thread, and what became of it.
#ifndef THREADFAULT_WIRE_FAULTS_HPP
#define THREADFAULT_WIRE_FAULTS_HPP

#include "base/fault.hpp"
#include "wire/header.hpp"
#include "wire/threads.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

using base::Fault;

// FaultRequest::flags
inline constexpr std::uint32_t kFaultAnywhere = 1U << 0;  // no safe point asked for
inline constexpr std::uint32_t kDemoteNice = 1U << 1;     // what demote changes
inline constexpr std::uint32_t kDemoteIdle = 1U << 2;
inline constexpr std::uint32_t kDemoteCpus = 1U << 3;
// Before it is done: where is the thread? For the faults that unwind, which the process may die of.
inline constexpr std::uint32_t kFaultTellFrames = 1U << 4;
// Nothing is done, and no signal sent: what stands against the fault just now? The answer is
// `refused` in any case; Reason::none: nothing that is known beforehand.
inline constexpr std::uint32_t kFaultJudge = 1U << 5;
inline constexpr std::size_t kCpuWords = 16;  // 1,024 CPUs

struct FaultRequest {
    static constexpr Type kType = Type::fault;
    Header header;
    Fault fault{};
    std::int32_t tid = 0;
    std::uint64_t serial = 0;  // of the thread; 0: any thread with that tid
    std::uint32_t flags = 0;
    std::int32_t signal = 0;             // Fault::signal
    std::int64_t value = 0;              // Fault::signal: sigval
    std::int64_t wait_ns = 0;            // how long the agent tries and watches before it answers
    std::int64_t duration_ns = 0;        // freeze, slow, delay, spin; 0: until undone
    std::uint32_t percent = 0;           // slow: of the time that it would run, 1 to 99
    std::int32_t nice = 0;               // demote: -20 to 19
    std::uint64_t cpus[kCpuWords] = {};  // demote: bit N is CPU N
};

enum class FaultOutcome : std::uint32_t {
    ended = 1,  // the kernel no longer lists the thread, or lists it as dead
    done = 2,
    pending = 3,  // still in force, may yet happen
    refused = 4,  // not done, nothing left behind
    no_such_thread = 5,
};

enum class Reason : std::uint32_t {
    none = 0,
    cancel_disabled = 1,
    no_cancellation_point = 2,
    signal_blocked = 3,
    uninterruptible = 4,
    no_safe_point = 5,
    target_stopped = 6,
    queue_full = 7,       // RLIMIT_SIGPENDING
    still_unwinding = 8,  // clean-up code of the victim is still running
    signal_taken = 9,     // the program took our signal
    timed_out = 10,       // not started by the deadline, cause not known
    not_supported = 11,   // by this agent
    agent_thread = 12,    // the agent is immune
    seccomp = 13,         // a filter may punish the system call that is needed
    not_permitted = 14,   // the target itself may not do it, or not undo it
    not_in_force = 15,    // thaw: there was nothing to undo
    no_stack_room = 16,   // too little of the victim's stack is left; FaultReply::room says more
    // Of an attached target.
    traced = 20,       // a debugger has the thread
    no_unwinder = 21,  // no glibc, or no libgcc_s: the thread can't be unwound
};

// FaultReply::place: where the victim was when the agent last looked on it
enum class Place : std::uint32_t {
    unknown = 0,
    user = 1,
    allocator = 2,
    loader = 3,
    stdio = 4,
    unwinder = 5
};

// A stack of the victim's, judged before anything runs on it.
enum class Stack : std::uint32_t {
    unknown = 0,
    own = 1,
    alternate = 2,  // sigaltstack(2)
};
inline constexpr std::uint32_t kRoomUnknown = ~0U;

struct StackRoom {
    Stack stack{};
    std::uint32_t left = kRoomUnknown;  // bytes
    std::uint32_t wanted = 0;
    std::uint32_t frame = 0;  // of them, what the kernel puts there at a signal
};

struct FaultReply {
    static constexpr Type kType = Type::fault_reply;
    Header header;
    FaultOutcome outcome{};
    Reason reason{};
    Place place{};
    std::uint32_t cancel = kCancelUnknown;
    std::int32_t tid = 0;
    std::uint32_t frames = 0;  // of `frame` that are set; 0: unknown
    std::uint64_t serial = 0;
    std::int64_t took_ns = 0;  // from the request's arrival to this answer
    std::uint32_t attempts = 0;
    std::uint32_t reserved = 0;
    char name[kThreadNameSize] = {};
    std::uint64_t frame[kMaxFrames] = {};  // instruction pointers, innermost first
    StackRoom room;                        // of Reason::no_stack_room
};

// Sent before the fault is posted.
struct FramesReply {
    static constexpr Type kType = Type::frames;
    Header header;
    std::uint32_t count = 0;
    std::uint32_t reserved = 0;
    // instruction pointers follow, std::uint64_t each, innermost first
};
inline constexpr std::size_t kMostToldFrames = 256;

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_FAULTS_HPP
