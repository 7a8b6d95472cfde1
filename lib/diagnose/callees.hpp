// Which function an instruction calls: through procedure linkage stubs, slots of the global offset
// table, or directly.
#ifndef THREADFAULT_DIAGNOSE_CALLEES_HPP
#define THREADFAULT_DIAGNOSE_CALLEES_HPP

#include "diagnose/backtrace.hpp"
#include "observe/import_names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace threadfault::diagnose {

struct Callee {
    std::string name;           // without parameters; "" unknown
    std::uint64_t address = 0;  // 0: where it is is not known
    // In libc, the loader or the C++ runtime: it never throws again what its caller has caught.
    bool of_system = false;
};

class Callees {
public:
    explicit Callees(Backtraces& backtraces);
    const Callee& at(std::uint64_t target);
    // std::nullopt: no slot that the loader fills with a function's address.
    std::optional<Callee> in_slot(std::uint64_t slot);
    // Is the file that an address is in libc, the loader, the C++ runtime or threadfault's own?
    bool is_of_system(std::uint64_t address) const;

private:
    Callee look_at(std::uint64_t target);
    std::string import_in(std::uint64_t slot);

    Backtraces& backtraces_;
    observe::ImportNames imports_;
    std::unordered_map<std::uint64_t, Callee> known_;
    std::unordered_map<std::uint64_t, std::optional<Callee>> slots_;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_CALLEES_HPP
