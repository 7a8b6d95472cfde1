// Where is a thread: in a part of libc whose lock would stay held if it ended there?
#ifndef THREADFAULT_PRELOAD_PLACE_HPP
#define THREADFAULT_PRELOAD_PLACE_HPP

#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// Loads libgcc_s, which pthread_exit, pthread_cancel and backtrace() need, and lets the unwinder
// find its tables: the first time costs memory and the loader's lock, and a victim may later die
// with either. Before the first of the others.
void prime_unwinder() noexcept;

// Looks at the calling thread's interrupted stack: `frames` gets the instruction pointers,
// innermost first, at most `limit`; returns how many. Calls glibc's backtrace(), which was primed
// by agent_start() and takes no lock. Async-signal-safe in that sense.
unsigned interrupted_frames(const void* context, std::uint64_t* frames, unsigned limit) noexcept;

// The first of the frames' places that is not `user`; or stdio, if the calling thread holds the
// lock of a standard stream.
wire::Place place_of_thread(const std::uint64_t* frames, unsigned count) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_PLACE_HPP
