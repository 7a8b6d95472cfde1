// Those who have ended: who was it that died with a lock in hand?
#ifndef THREADFAULT_PRELOAD_DEAD_HPP
#define THREADFAULT_PRELOAD_DEAD_HPP

#include "preload/registry/registry.hpp"
#include "wire/wire.hpp"

namespace threadfault::shim {

// The last thousand are remembered. Lock-free, async-signal-safe: a thread writes its own entry in
// its last moments, the agent that of a thread that vanished. `ended_ns`: on CLOCK_BOOTTIME; 0
// where it is not known.
void remember_dead(const Record& record, wire::EndKind how, std::int64_t ended_ns) noexcept;

// The last one that is meant, from the agent. False: none that is remembered.
bool recall_dead(const wire::DeadRequest& request, wire::DeadReply* out) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_DEAD_HPP
