// Faults that a thread inflicts on itself, in the very call that it makes: no signal, no agent.
#ifndef THREADFAULT_PRELOAD_ON_SELF_HPP
#define THREADFAULT_PRELOAD_ON_SELF_HPP

#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// cancel, async_cancel, exit, vanish, freeze or delay, on the calling thread, which may be one that
// the registry does not know. duration_ns: of freeze and delay; 0: until it is let go.
// `cancel` returns and leaves the request to the next cancellation point. What unwinds does nothing
// in a thread that libc is making or taking apart. Not noexcept: forced unwinding passes through.
void inflict_on_self(wire::Fault fault, std::int64_t duration_ns);

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_ON_SELF_HPP
