#include "observe/thread_pointer.hpp"

#include "arch/traced.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace threadfault::observe {

std::optional<std::uint64_t> thread_pointer(const Memory& memory, pid_t tid) {
    // Elsewhere the descriptor ends there.
    if constexpr (arch::kDescriptorEndsAtPointer) return std::nullopt;
    std::uint64_t list = 0;
    std::size_t size = 0;
    if (::syscall(SYS_get_robust_list, tid, &list, &size) != 0 || list == 0) return std::nullopt;
    // glibc 2.34 to 2.43 has the list 0x2e0 bytes behind the beginning.
    constexpr std::size_t kFurthest = 0x600;
    std::uint64_t words[kFurthest / sizeof(std::uint64_t) + 3] = {};
    const std::uint64_t from = list - kFurthest;
    if (!memory.read(from, words, sizeof words)) return std::nullopt;
    for (std::size_t i = kFurthest / sizeof(std::uint64_t); i-- > 0;) {
        // tcb and self of tcbhead_t, which the ABI for thread-local storage and glibc fix.
        const std::uint64_t address = from + i * sizeof(std::uint64_t);
        if (words[i] == address && words[i + 2] == address) return address;
    }
    return std::nullopt;
}

}  // namespace threadfault::observe
