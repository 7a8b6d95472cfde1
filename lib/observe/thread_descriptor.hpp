// libc's descriptor of a thread (struct pthread, which a pthread_t points to), told by marks of its
// own.
#ifndef THREADFAULT_OBSERVE_THREAD_DESCRIPTOR_HPP
#define THREADFAULT_OBSERVE_THREAD_DESCRIPTOR_HPP

#include "observe/memory.hpp"

#include <cstdint>
#include <optional>

namespace threadfault::observe {

bool is_thread_descriptor(const Memory& memory, std::uint64_t address);

// The id of its thread, which the kernel clears when that ends. std::nullopt: it is no descriptor.
std::optional<std::uint32_t> tid_in_descriptor(const Memory& memory, std::uint64_t address);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_THREAD_DESCRIPTOR_HPP
