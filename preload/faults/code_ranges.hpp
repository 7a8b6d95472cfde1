// Which code belongs to the allocator, the loader, stdio and the unwinder.
#ifndef THREADFAULT_PRELOAD_CODE_RANGES_HPP
#define THREADFAULT_PRELOAD_CODE_RANGES_HPP

#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// Notes where the libraries lie that matter. Walks the loader's list without its lock, so: in the
// program's thread that makes the first other one, before it does.
void note_libraries() noexcept;

// Reads their symbol tables. Takes no lock and allocates nothing: a victim may hold the loader's
// lock from its first moment on. Once, by the agent, before it serves.
void learn_code_ranges() noexcept;

// `user` for all that is not known to be another. Async-signal-safe.
wire::Place place_of(std::uint64_t address) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_CODE_RANGES_HPP
