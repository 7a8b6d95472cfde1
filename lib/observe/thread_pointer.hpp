// Where a thread's own variables are.
#ifndef THREADFAULT_OBSERVE_THREAD_POINTER_HPP
#define THREADFAULT_OBSERVE_THREAD_POINTER_HPP

#include "observe/memory.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace threadfault::observe {

// The address that the thread's %fs begins at, found without stopping it: libc tells the kernel of
// a list that lies in the thread's descriptor, and the descriptor begins with its own address.
// std::nullopt: not glibc's, or not x86-64, or not permitted.
std::optional<std::uint64_t> thread_pointer(const Memory& memory, pid_t tid);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_THREAD_POINTER_HPP
