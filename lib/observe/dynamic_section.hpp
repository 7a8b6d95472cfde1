// Internal to lib/observe: the dynamic section of a module, read from the process that has it
// loaded.
#ifndef THREADFAULT_OBSERVE_DYNAMIC_SECTION_HPP
#define THREADFAULT_OBSERVE_DYNAMIC_SECTION_HPP

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace threadfault::observe {

// False: not there. The memory of a process, or what is left of one.
using ReadMemory = std::function<bool(std::uint64_t address, void* buffer, std::size_t length)>;

// elf(5), <link.h>.
struct DynamicSection {
    std::uint64_t bias = 0;                         // from addresses in the file to those in memory
    std::map<std::int64_t, std::uint64_t> entries;  // by tag

    std::uint64_t value(std::int64_t tag) const;       // 0: it has none
    std::uint64_t address_of(std::int64_t tag) const;  // in memory; 0: it has none
};

// Of the module whose first page lies at `base`; std::nullopt: it has none, or can't be read.
std::optional<DynamicSection> read_dynamic_section(const ReadMemory& read, std::uint64_t base);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_DYNAMIC_SECTION_HPP
