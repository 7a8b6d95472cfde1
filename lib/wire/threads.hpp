// What is known of threads, living ones.
#ifndef THREADFAULT_WIRE_THREADS_HPP
#define THREADFAULT_WIRE_THREADS_HPP

#include "wire/header.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

// ThreadRecord::flags
inline constexpr std::uint32_t kThreadMain = 1U << 0;
inline constexpr std::uint32_t kThreadDetached = 1U << 1;
inline constexpr std::uint32_t kThreadUnregistered = 1U << 2;  // seen in /proc only; made by libc
// Nobody waits in pthread_join for it. Set in lists of few threads only, and where it is known.
inline constexpr std::uint32_t kThreadUnjoined = 1U << 3;

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
    // What remains, as of this answer: of a freeze or a delay, and of slowness. 0: not in force, or
    // until it is undone.
    std::int64_t hold_left_ns = 0;
    std::int64_t slow_left_ns = 0;
    std::int32_t tid = 0;
    std::int32_t creator_tid = 0;           // 0 for main
    std::uint32_t index = 0;                // creation order in the process; main has 0
    std::uint32_t cancel = kCancelUnknown;  // glibc's cancelhandling word (see kCancel... below)
    std::uint32_t flags = 0;
    std::uint32_t faults = 0;
    std::uint32_t slow_percent = 0;          // kInForceSlow: of the time that it would run
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
    static constexpr Type kType = Type::list;
    Header header;
    std::int32_t tid = 0;            // 0: all
    std::uint32_t cursor = 0;        // 0 first, then ListReply::next
    char name_glob[kTextSize] = {};  // "": any; `*`, `?`, `[...]`, anchored at both ends
};

struct ListReply {
    static constexpr Type kType = Type::list_reply;
    Header header;
    std::uint32_t count = 0;  // of records that follow
    std::uint32_t next = 0;   // 0: this was the last packet
    // ThreadRecord records[count] follow
};
inline constexpr std::size_t kMaxRecords = (kMaxMessage - sizeof(ListReply)) / sizeof(ThreadRecord);

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_THREADS_HPP
