// The calling thread's stack as return addresses, and a number for it that is the same from run to
// run: module names and offsets go into it, not addresses.
#ifndef THREADFAULT_PRELOAD_CALL_STACK_HPP
#define THREADFAULT_PRELOAD_CALL_STACK_HPP

#include "wire/passages.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

// Finds libgcc's unwinder and the modules that are loaded. May allocate and take the loader's lock:
// called before the first thread is made.
void prepare_call_stacks() noexcept;

// The program's frames of this call (the shim's own are left out), innermost first, and where on
// the stack each return address lies. 0 where nothing is known.
std::size_t unwind_here(std::uint64_t* frames, std::uint64_t* places, std::size_t most) noexcept;

// Not 0.
std::uint64_t hash_stack(const std::uint64_t* frames, std::size_t count) noexcept;

// Grows when modules are loaded: what was read of /proc/self/maps before is out of date then.
std::uint32_t modules_seen() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_CALL_STACK_HPP
