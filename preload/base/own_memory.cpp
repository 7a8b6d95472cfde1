#include "preload/base/own_memory.hpp"

#include "execute/syscalls.hpp"

#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>

namespace threadfault::shim {

void* map_memory(std::size_t size) noexcept {
    const long mapped = execute::sys_call(SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapped < 0 && mapped > -4096 ? nullptr : reinterpret_cast<void*>(mapped);
}

void unmap_memory(void* memory, std::size_t size) noexcept {
    execute::sys_call(SYS_munmap, memory, size);
}

// Asks the kernel, which reads a new signal mask before it finds that there is no such `how`
// (kernel/signal.c, rt_sigprocmask; Abseil's address_is_readable.cc does the same): -EFAULT says
// no, -EINVAL yes, and no mask is changed. Unlike process_vm_readv(2), and what looks for mappings,
// it takes no lock that a thousand threads would compete for.
bool is_readable(std::uint64_t address) noexcept {
    constexpr int kNoSuchHow = -1;
    const std::uint64_t word = address & ~std::uint64_t{7};
    return execute::sys_call(SYS_rt_sigprocmask, kNoSuchHow, reinterpret_cast<const void*>(word),
                             nullptr, sizeof word) == -EINVAL;
}

std::uint64_t readable_below(std::uint64_t top, std::uint64_t limit) noexcept {
    std::uint64_t found = 0;
    while (found < limit && found < top) {
        const std::uint64_t last = top - found - 1;
        if (!is_readable(last)) break;
        found += last % kPageSize + 1;
    }
    return std::min(found, limit);
}

bool is_untouched(std::uint64_t low, std::size_t size) noexcept {
    std::uint64_t words[64];
    while (size > 0) {
        const std::size_t part = std::min(size, sizeof words);
        const iovec local{words, part};
        const iovec remote{reinterpret_cast<void*>(low), part};
        if (execute::sys_call(SYS_process_vm_readv, execute::sys_getpid(), &local, 1, &remote, 1,
                              0) != static_cast<long>(part)) {
            return false;
        }
        for (std::size_t i = 0; i < part / sizeof words[0]; ++i)
            if (words[i] != 0) return false;
        low += part;
        size -= part;
    }
    return true;
}

}  // namespace threadfault::shim
