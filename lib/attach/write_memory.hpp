#ifndef THREADFAULT_ATTACH_WRITE_MEMORY_HPP
#define THREADFAULT_ATTACH_WRITE_MEMORY_HPP

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace threadfault::attach {

// process_vm_writev(2): all of it, or false.
bool write_memory(pid_t pid, std::uint64_t address, const void* bytes, std::size_t size);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_WRITE_MEMORY_HPP
