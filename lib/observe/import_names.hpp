// Which function of another module a slot of the global offset table stands for: also before the
// loader has bound it, as it does at the first call.
#ifndef THREADFAULT_OBSERVE_IMPORT_NAMES_HPP
#define THREADFAULT_OBSERVE_IMPORT_NAMES_HPP

#include "observe/dynamic_section.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace threadfault::observe {

// Of one process; each module's tables are read once. Not thread-safe.
class ImportNames {
public:
    explicit ImportNames(ReadMemory read) : read_(std::move(read)) {}

    // From the dynamic section of the module whose first page lies at `base`: those that calls
    // and data go through (arch/machine.hpp). "": none of those.
    const std::string& at(std::uint64_t base, std::uint64_t slot);

private:
    struct Module {
        std::uint64_t symbols = 0;
        std::uint64_t strings = 0;
        std::unordered_map<std::uint64_t, std::uint32_t> slots;  // indexes of their symbols
    };
    Module load(std::uint64_t base) const;
    void add_table(std::uint64_t table, std::uint64_t size, std::uint64_t bias,
                   Module& module) const;
    std::string name_of(const Module& module, std::uint32_t symbol) const;

    ReadMemory read_;
    std::unordered_map<std::uint64_t, Module> modules_;     // by base
    std::unordered_map<std::uint64_t, std::string> names_;  // by slot
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_IMPORT_NAMES_HPP
