// What happens to threads, and who has ended.
#ifndef THREADFAULT_WIRE_EVENTS_HPP
#define THREADFAULT_WIRE_EVENTS_HPP

#include "threadfault/types.hpp"
#include "wire/header.hpp"
#include "wire/threads.hpp"

#include <cstdint>

namespace threadfault::wire {

struct FollowRequest {
    static constexpr Type kType = Type::follow;
    Header header;
};

using threadfault::EndKind;
using threadfault::EventKind;

// EventReply::kind of the first one: from now on nothing is missed.
inline constexpr EventKind kFollowing{};

// EventReply::how of EventKind::ended is an EndKind; of EventKind::fault, the Fault, and the
// FaultOutcome above these bits.
inline constexpr unsigned kOutcomeShift = 16;

struct EventReply {
    static constexpr Type kType = Type::event;
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
    static constexpr Type kType = Type::dead;
    Header header;
    std::int32_t tid = 0;  // 0: whoever slept on a futex word, or has its pthread_t, in these
    std::uint32_t reserved = 0;
    std::uint64_t waited_begin = 0;
    std::uint64_t waited_end = 0;
};

// The last thread with that tid, or that slept there, that has ended, as long as the agent
// remembers it.
struct DeadReply {
    static constexpr Type kType = Type::dead_reply;
    Header header;
    std::uint32_t known = 0;  // 0: the agent remembers none; the rest is 0
    EndKind how{};
    std::int64_t ended_ns = 0;  // CLOCK_BOOTTIME; 0: nobody told of the end, it was found gone
    ThreadRecord record;
    std::uint64_t waited_on = 0;  // the futex word that it slept on when it vanished; 0: none
};

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_EVENTS_HPP
