// The ends of a thread, as the thread itself brings them about.
#ifndef THREADFAULT_PRELOAD_DEATH_HPP
#define THREADFAULT_PRELOAD_DEATH_HPP

#include "wire/wire.hpp"

namespace threadfault::shim {

// cancel, async_cancel, exit or vanish of the calling thread. Returns only where the thread lives
// on for now: a cancellation that is pending. Not noexcept: forced unwinding passes through. Takes
// no lock and allocates nothing, because agent_start() has loaded the unwinder; that it ends a
// thread wherever it happens to be is the fault itself.
void end_self(wire::Fault fault);

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_DEATH_HPP
