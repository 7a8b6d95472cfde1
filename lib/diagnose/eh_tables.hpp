// Where in a process's memory the unwind tables of its modules lie.
#ifndef THREADFAULT_DIAGNOSE_EH_TABLES_HPP
#define THREADFAULT_DIAGNOSE_EH_TABLES_HPP

#include "diagnose/remote_memory.hpp"
#include "observe/maps.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace threadfault::diagnose {

// A module's search table (.eh_frame_hdr, Linux Standard Base 5.0, 10.6.2).
struct EhTable {
    std::uint64_t begin = 0;  // of the module's code
    std::uint64_t end = 0;
    std::uint64_t header = 0;   // of .eh_frame_hdr: its entries are relative to it
    std::uint64_t entries = 0;  // address of the first
    std::uint64_t count = 0;
};

class EhTables {
public:
    EhTables(const observe::Maps& maps, RemoteMemory& memory) : maps_(maps), memory_(memory) {}
    // nullptr: the address is in no module, or in one without a table (a JIT's code).
    const EhTable* find(std::uint64_t ip);

private:
    std::optional<EhTable> read(const observe::Mapping& mapping);

    const observe::Maps& maps_;
    RemoteMemory& memory_;
    std::map<std::uint64_t, std::optional<EhTable>> known_;  // by the mapping's begin
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_EH_TABLES_HPP
