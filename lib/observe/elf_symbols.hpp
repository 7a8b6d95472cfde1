// Internal to lib/observe: the symbols of one module, sorted by link-time address.
#ifndef THREADFAULT_OBSERVE_ELF_SYMBOLS_HPP
#define THREADFAULT_OBSERVE_ELF_SYMBOLS_HPP

#include "observe/elf_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {

// pthread_mutex_lock before __pthread_mutex_lock before __GI___pthread_mutex_lock: what the
// programmer wrote before what the library calls it inside. Smaller is better.
std::uint8_t rank_of_name(std::string_view name, unsigned char binding);

class ElfSymbols {
public:
    struct Entry {
        std::uint64_t address = 0;
        std::uint64_t size = 0;
        std::uint64_t section_end = 0;  // how far a symbol of unknown size may reach
        std::uint32_t name = 0;         // in names_
        std::uint8_t rank = 0;          // smaller is better among names of one address
        bool is_function = false;
    };

    // Every defined function and object of .symtab and .dynsym.
    void add(const ElfFile& file);

    // The symbol that covers the address; nullptr when none does.
    const Entry* find(std::uint64_t address) const;

    // By the name as it stands in the table, without version.
    std::optional<std::uint64_t> address_of(std::string_view name) const;

    const char* name(const Entry& entry) const noexcept { return names_.data() + entry.name; }
    bool empty() const noexcept { return entries_.empty(); }
    // By address.
    const std::vector<Entry>& entries() const noexcept { return entries_; }

private:
    void add_table(const ElfFile& file, std::uint32_t type);
    void sort();

    std::vector<Entry> entries_;
    std::string names_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_ELF_SYMBOLS_HPP
