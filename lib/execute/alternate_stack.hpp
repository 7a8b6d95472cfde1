// Whether a signal handler has room below it for another one. Async-signal-safe: it reads what the
// kernel gave the handler.
#ifndef THREADFAULT_EXECUTE_ALTERNATE_STACK_HPP
#define THREADFAULT_EXECUTE_ALTERNATE_STACK_HPP

#include "arch/context.hpp"

#include <sys/ucontext.h>

#include <cstdint>

namespace threadfault::execute {

// On an alternate stack every further handler comes below the one that runs there, whatever its
// flags; the kernel ends the process with SIGSEGV where its frame has no room (and overwrites what
// lies below a stack with SS_AUTODISARM). Rust's threads have 8 KiB: two frames with AVX-512.
// `context`: the third argument of the handler that calls this; another is taken to need as much
// as this one has used up to here, and what holds a thread.
[[gnu::always_inline]] inline bool has_room_for_another(const void* context) noexcept {
    constexpr std::uint64_t kHandler = 1024;
    const auto* const interrupted = static_cast<const ucontext_t*>(context);
    const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    const auto low = reinterpret_cast<std::uint64_t>(interrupted->uc_stack.ss_sp);
    const std::uint64_t size = interrupted->uc_stack.ss_size;
    if (size == 0 || here < low || here - low >= size) return true;
    const auto before = arch::stack_pointer(*interrupted);
    const bool nested = before >= here && before - low <= size;
    const std::uint64_t used = (nested ? before : low + size) - here;
    return here - low >= used + kHandler;
}

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_ALTERNATE_STACK_HPP
