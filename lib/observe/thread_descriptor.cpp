#include "observe/thread_descriptor.hpp"

#include "arch/descriptor.hpp"

#include <array>

namespace threadfault::observe {
namespace {

// By the list that all threads are in (glibc, struct list_head): its neighbours lead back to it.
bool is_in_a_list(const Memory& memory, std::uint64_t list) {
    const auto links = memory.read<std::array<std::uint64_t, 2>>(list);  // next, prev
    if (!links || (*links)[0] % sizeof list != 0 || (*links)[1] % sizeof list != 0) return false;
    return memory.read<std::uint64_t>((*links)[0] + sizeof list) == list &&
           memory.read<std::uint64_t>((*links)[1]) == list;
}

}  // namespace

bool is_thread_descriptor(const Memory& memory, std::uint64_t address) {
    if (address % sizeof address != 0) return false;
    if constexpr (arch::kDescriptorNamesItself) {
        const auto head = memory.read<std::array<std::uint64_t, 3>>(address);
        return head && (*head)[0] == address && (*head)[2] == address;
    }
    return is_in_a_list(memory, address + arch::kTidInDescriptor - 2 * sizeof address);
}

std::optional<std::uint32_t> tid_in_descriptor(const Memory& memory, std::uint64_t address) {
    if (!is_thread_descriptor(memory, address)) return std::nullopt;
    return memory.read<std::uint32_t>(address + arch::kTidInDescriptor);
}

}  // namespace threadfault::observe
