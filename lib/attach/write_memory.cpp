#include "attach/write_memory.hpp"

#include <sys/uio.h>

namespace threadfault::attach {

bool write_memory(pid_t pid, std::uint64_t address, const void* bytes, std::size_t size) {
    const iovec here{const_cast<void*>(bytes), size};
    const iovec there{reinterpret_cast<void*>(address), size};
    return process_vm_writev(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace threadfault::attach
