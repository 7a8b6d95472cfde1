// Events of threads, for those that follow them: a ring that any thread writes to and the agent
// reads, once for each follower.
#ifndef THREADFAULT_PRELOAD_EVENTS_HPP
#define THREADFAULT_PRELOAD_EVENTS_HPP

#include "preload/registry/registry.hpp"
#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// Does nothing while no client follows. Lock-free, async-signal-safe: it may run in a thread's last
// moments.
void tell(wire::EventKind kind, const Record& record, std::uint32_t how) noexcept;

// The same about a thread whose record may be another's by now.
void tell(wire::EventKind kind, const wire::ThreadRecord& seen, std::uint32_t how) noexcept;

// --- the agent's side ---------------------------------------------------------------------------

// One more, one less. False: no memory for the ring.
bool add_follower() noexcept;
void remove_follower() noexcept;

// How far the writers have come.
std::uint64_t event_count() noexcept;

enum class Reading : std::uint8_t {
    event,    // `out` is the event at `*cursor`, which moves on
    nothing,  // no more for now
    unready,  // it is being written this very moment: come again soon
};

// Reads the event at `*cursor`. What was overwritten before it was read is counted in `out->lost`.
Reading read_event(std::uint64_t* cursor, wire::EventReply* out) noexcept;

// The writer of the event at `*cursor` died while it wrote: it counts as lost.
void skip_event(std::uint64_t* cursor) noexcept;

// Before the agent sleeps: from now on a writer wakes it. False: there is something to read.
bool ready_to_sleep() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_EVENTS_HPP
