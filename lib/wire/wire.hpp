// The control socket's messages, shared by the agent (preload/agent) and the client (lib/client).
//
// SOCK_SEQPACKET keeps message borders, so a message is one packet: a Header and the fixed-layout
// body that its type names. Both ends run on one machine: native byte order. Anything that does not
// parse (magic, version, type, length) is answered with Type::error and the connection is closed.
// This header needs constants of base alone; the agent includes it.
#ifndef THREADFAULT_WIRE_WIRE_HPP
#define THREADFAULT_WIRE_WIRE_HPP

#include "base/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace threadfault::wire {

inline constexpr std::uint32_t kMagic = 0x31465454;  // "TTF1" as bytes
inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::size_t kMaxMessage = 65'536;  // a larger packet is refused
inline constexpr std::size_t kMaxPathDepth = 16;
inline constexpr std::size_t kMaxFrames = 24;
inline constexpr std::size_t kThreadNameSize = 16;  // TASK_COMM_LEN, with the final NUL
inline constexpr std::size_t kTextSize = 200;

enum class Type : std::uint16_t {
    // requests
    hello = 1,    // Hello            -> hello_reply
    list = 2,     // ListRequest      -> list_reply, repeated by the client until `next` is 0
    fault = 3,    // FaultRequest     -> fault_reply (once, when the outcome is known), and before
                  //                     it frames, where that was asked for
    follow = 4,   // FollowRequest   -> event, one for each that happens from now on
    arm = 5,      // ArmRequest       -> arm_reply
    specs = 6,    // SpecsRequest     -> specs_reply, repeated until `next` is 0
    disarm = 7,   // DisarmRequest    -> disarm_reply
    dead = 8,     // DeadRequest      -> dead_reply
    capture = 9,  // CaptureRequest  -> capture_reply, until all of its threads are answered for
    // replies
    hello_reply = 0x101,
    list_reply = 0x102,
    fault_reply = 0x103,
    event = 0x104,  // EventReply
    arm_reply = 0x105,
    specs_reply = 0x106,
    disarm_reply = 0x107,
    dead_reply = 0x108,
    capture_reply = 0x109,
    frames = 0x10a,  // FramesReply
    error = 0x1ff,   // ErrorReply
};

struct Header {
    std::uint32_t magic = kMagic;
    std::uint16_t version = kVersion;
    Type type{};
    std::uint32_t length = 0;   // of the whole message, header included
    std::uint32_t request = 0;  // chosen by the client, echoed in the reply
};

struct Hello {
    Header header;
};

struct HelloReply {
    Header header;
    std::int32_t pid = 0;        // as the target sees itself
    std::int32_t agent_tid = 0;  // never one of the target's threads
    std::uint32_t threads = 0;   // registered, living user threads, main included
    std::int32_t signal = 0;     // that carries requests
    std::uint32_t capabilities = 0;
    std::uint32_t records = 0;  // of the registry in use: `threads` when all is quiet
    std::uint64_t serials = 0;  // threads registered since the shim's start
};
inline constexpr std::uint32_t kCapabilityPoints = 1U << 0;

enum class ErrorCode : std::uint32_t {
    malformed = 1,  // too short, too long, or the length field disagrees
    bad_magic = 2,
    bad_version = 3,
    bad_type = 4,
    not_permitted = 5,
    too_many_clients = 6,
};

struct ErrorReply {
    Header header;
    ErrorCode code{};
    std::uint16_t agent_version = kVersion;
    std::uint16_t reserved = 0;
    char text[kTextSize] = {};
};

// ThreadRecord::flags
inline constexpr std::uint32_t kThreadMain = 1U << 0;
inline constexpr std::uint32_t kThreadDetached = 1U << 1;
inline constexpr std::uint32_t kThreadUnregistered = 1U << 2;  // seen in /proc only; made by libc

// ThreadRecord::faults, faults in force on the thread
inline constexpr std::uint32_t kInForceFreeze = 1U << 0;
inline constexpr std::uint32_t kInForceSlow = 1U << 1;
inline constexpr std::uint32_t kInForceDelay = 1U << 2;
inline constexpr std::uint32_t kInForceSpin = 1U << 3;
inline constexpr std::uint32_t kInForceDemote = 1U << 4;
inline constexpr std::uint32_t kInForceCancel = 1U << 5;  // a cancellation that we sent is pending

inline constexpr std::uint32_t kCancelUnknown = 0xffffffffU;

struct ThreadRecord {
    std::uint64_t serial = 0;  // unique in this process: tells reused tids apart; 0: none
    std::uint64_t pthread = 0;
    std::uint64_t start_routine = 0;  // 0 for main
    std::uint64_t start_argument = 0;
    std::int64_t birth_ns = 0;  // CLOCK_BOOTTIME at registration
    std::int32_t tid = 0;
    std::int32_t creator_tid = 0;           // 0 for main
    std::uint32_t index = 0;                // creation order in the process; main has 0
    std::uint32_t cancel = kCancelUnknown;  // glibc's cancelhandling word (see kCancel... below)
    std::uint32_t flags = 0;
    std::uint32_t faults = 0;
    std::uint32_t depth = 0;                 // components of `path` behind "main"
    std::uint32_t path[kMaxPathDepth] = {};  // deeper: first and last halves are kept
    char name[kThreadNameSize] = {};
};

// glibc 2.34+ nptl/descr.h, struct pthread.cancelhandling
inline constexpr std::uint32_t kCancelDisabled = 1U << 0;
inline constexpr std::uint32_t kCancelAsynchronous = 1U << 1;
inline constexpr std::uint32_t kCancelPending = (1U << 2) | (1U << 3);
inline constexpr std::uint32_t kCancelExiting = 1U << 4;

struct ListRequest {
    Header header;
    std::int32_t tid = 0;            // 0: all
    std::uint32_t cursor = 0;        // 0 first, then ListReply::next
    char name_glob[kTextSize] = {};  // "": any; `*`, `?`, `[...]`, anchored at both ends
};

struct ListReply {
    Header header;
    std::uint32_t count = 0;  // of records that follow
    std::uint32_t next = 0;   // 0: this was the last packet
    // ThreadRecord records[count] follow
};
inline constexpr std::size_t kMaxRecords = (kMaxMessage - sizeof(ListReply)) / sizeof(ThreadRecord);

using base::Fault;

// FaultRequest::flags
inline constexpr std::uint32_t kFaultAnywhere = 1U << 0;  // no safe point asked for
inline constexpr std::uint32_t kDemoteNice = 1U << 1;     // what demote changes
inline constexpr std::uint32_t kDemoteIdle = 1U << 2;
inline constexpr std::uint32_t kDemoteCpus = 1U << 3;
// Before it is done: where is the thread? For the faults that unwind, which the process may die of.
inline constexpr std::uint32_t kFaultTellFrames = 1U << 4;
inline constexpr std::size_t kCpuWords = 16;  // 1,024 CPUs

struct FaultRequest {
    Header header;
    Fault fault{};
    std::int32_t tid = 0;
    std::uint64_t serial = 0;  // of the thread meant; 0: whoever has the tid
    std::uint32_t flags = 0;
    std::int32_t signal = 0;             // Fault::signal
    std::int64_t value = 0;              // Fault::signal: sigval
    std::int64_t wait_ns = 0;            // how long the agent tries and watches before it answers
    std::int64_t duration_ns = 0;        // freeze, slow, delay, spin; 0: until undone
    std::uint32_t percent = 0;           // slow: of the time that it would run, 1 to 99
    std::int32_t nice = 0;               // demote: -20 to 19
    std::uint64_t cpus[kCpuWords] = {};  // demote: bit N is CPU N
};

enum class Outcome : std::uint32_t {
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

struct FaultReply {
    Header header;
    Outcome outcome{};
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
};

// Sent before the fault is posted.
struct FramesReply {
    Header header;
    std::uint32_t count = 0;
    std::uint32_t reserved = 0;
    // instruction pointers follow, std::uint64_t each, innermost first
};
inline constexpr std::size_t kMostToldFrames = 256;

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
    Header header;
    std::int64_t wait_ns = 0;  // how long the agent tries before it answers
    std::uint32_t count = 0;   // of the targets that are meant: 1 or more
    std::uint32_t reserved = 0;
    CaptureTarget targets[kMostCaptures] = {};
};

// Some of the threads of one or several requests, as they answered.
struct CaptureReply {
    Header header;
    // CaptureRecord, and its stack, again and again until the end
};

struct CaptureRecord {
    std::uint32_t number = 0;
    Outcome outcome{};  // done, refused, no_such_thread
    Reason reason{};
    std::uint32_t stack_size = 0;  // bytes that follow
    std::int64_t held_ns = 0;      // how long the thread was in the handler for it
    std::uint64_t registers[kRegisters] = {};
    // unsigned char stack[stack_size] follow, from rsp on
};

struct FollowRequest {
    Header header;
};

enum class EventKind : std::uint32_t {
    following = 0,  // the first one: from now on nothing is missed
    created = 1,
    named = 2,
    ended = 3,  // how: EndKind
    fault = 4,  // how: Fault, and the Outcome above kOutcomeShift
};
inline constexpr unsigned kOutcomeShift = 16;

enum class EndKind : std::uint32_t {
    unknown = 0,
    returned = 1,
    exited = 2,
    cancelled = 3,
    vanished = 4
};

struct EventReply {
    Header header;
    std::int64_t time_ns = 0;  // CLOCK_REALTIME
    std::uint64_t serial = 0;
    std::uint64_t lost = 0;  // events before this one that came too fast for this follower
    EventKind kind{};
    std::uint32_t how = 0;
    std::int32_t tid = 0;
    std::uint32_t depth = 0;
    std::uint32_t path[kMaxPathDepth] = {};
    char name[kThreadNameSize] = {};
};

struct DeadRequest {
    Header header;
    std::int32_t tid = 0;
    std::uint32_t reserved = 0;
};

// The last thread with that tid that has ended, as long as the agent remembers it.
struct DeadReply {
    Header header;
    std::uint32_t known = 0;  // 0: the agent remembers none; the rest is 0
    EndKind how{};
    std::int64_t ended_ns = 0;  // CLOCK_BOOTTIME
    ThreadRecord record;
};

// --- call faults: docs/injecting.md -----------------------------------------------------------

// The longest SPEC, with its final NUL.
inline constexpr std::size_t kSpecSize = 1024;

// SPECs travel as text: the agent reads them with the same parser as the command.
struct ArmRequest {
    Header header;
    char text[kSpecSize] = {};
};

enum class ArmOutcome : std::uint32_t {
    armed = 1,
    malformed = 2,     // at `column`
    needs_points = 3,  // the process does not run under the points library
    too_many = 4,
};

struct ArmReply {
    Header header;
    ArmOutcome outcome{};
    std::uint32_t id = 0;      // from 1, never used twice in a process
    std::uint32_t column = 0;  // from 1; 0: nothing is wrong
    std::uint32_t reserved = 0;
};

struct SpecsRequest {
    Header header;
    std::uint32_t cursor = 0;  // 0 first, then SpecsReply::next
    std::uint32_t reserved = 0;
};

struct SpecRecord {
    std::uint64_t matched = 0;   // calls that were counted: of its calls, by its threads
    std::uint64_t injected = 0;  // of them
    std::uint32_t id = 0;
    std::uint32_t reserved = 0;
    char text[kSpecSize] = {};
};

struct SpecsReply {
    Header header;
    std::uint32_t count = 0;  // of records that follow
    std::uint32_t next = 0;   // 0: this was the last packet
    // SpecRecord records[count] follow
};
inline constexpr std::size_t kMaxSpecRecords =
    (kMaxMessage - sizeof(SpecsReply)) / sizeof(SpecRecord);

struct DisarmRequest {
    Header header;
    std::uint32_t id = 0;  // 0: all
    std::uint32_t reserved = 0;
};

struct DisarmReply {
    Header header;
    std::uint32_t count = 0;  // of those that were in force
    std::uint32_t reserved = 0;
};

inline Header make_header(Type type, std::size_t length, std::uint32_t request) noexcept {
    Header header;
    header.type = type;
    header.length = static_cast<std::uint32_t>(length);
    header.request = request;
    return header;
}

// 0 for a type that no client may send.
std::size_t request_size(Type type) noexcept;

enum class Check : std::uint8_t { ok, malformed, bad_magic, bad_version, bad_type };

// Is `data` one whole, well-formed request? Reads nothing beyond `length`.
Check check_request(const void* data, std::size_t length) noexcept;

static_assert(std::is_trivially_copyable_v<FaultReply> && std::is_standard_layout_v<FaultReply>);
static_assert(sizeof(Header) == 16);

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_WIRE_HPP
