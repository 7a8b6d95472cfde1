// Internal to lib/observe: what a loaded module exports, read from the process's memory. The file
// is not opened: for the few addresses of a look at sleeping threads, that costs most of it.
#ifndef THREADFAULT_OBSERVE_EXPORTED_SYMBOLS_HPP
#define THREADFAULT_OBSERVE_EXPORTED_SYMBOLS_HPP

#include "observe/dynamic_section.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {

class ExportedSymbols {
public:
    struct Entry {
        std::uint64_t address = 0;  // in memory
        std::uint64_t size = 0;
        std::string_view name;  // without its version
        std::uint8_t rank = 0;  // smaller is better among names of one address
        bool is_function = false;
    };

    // Of the module whose first page lies at `base`. False: it can't be read, or has no hash table
    // that tells how many symbols there are.
    bool read(const ReadMemory& memory, std::uint64_t base);

    // The symbol that covers the address, by the best of its names; nullptr when none does.
    const Entry* find(std::uint64_t address) const;
    std::optional<std::uint64_t> address_of(std::string_view name) const;
    const std::vector<Entry>& entries() const noexcept { return entries_; }

private:
    std::vector<Entry> entries_;
    std::vector<char> names_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_EXPORTED_SYMBOLS_HPP
