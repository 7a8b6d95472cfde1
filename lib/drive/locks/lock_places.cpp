#include "drive/locks/lock_places.hpp"

#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <iterator>

namespace threadfault::drive {

LockPlaces::LockPlaces(observe::Symbols& symbols, const ThreadList& list) : symbols_(symbols) {
    for (const ThreadView& thread : list.threads) {
        if (thread.syscall) tops_.try_emplace(thread.syscall->stack_pointer, thread.tid);
    }
}

std::string LockPlaces::of(std::uint64_t address) {
    const observe::Mapping* const mapping = symbols_.maps().find(address);
    if (mapping == nullptr) return {};
    if (mapping->path == "[heap]") return "heap";
    const observe::Symbol& symbol = symbols_.resolve(address);
    if (!symbol.module.empty()) {
        return formatted("{}+{:#x}", symbol.module, symbol.module_offset);
    }
    // The nearest top below it, where stacks lie side by side in one mapping.
    const auto above = tops_.upper_bound(address);
    if (above != tops_.begin()) {
        const auto& [top, tid] = *std::prev(above);
        if (top >= mapping->begin) return formatted("stack of {}", tid);
    }
    return mapping->path.empty() ? "heap or mapped memory" : mapping->path;
}

}  // namespace threadfault::drive
