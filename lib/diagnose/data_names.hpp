// Which member of which global variable lies at an address, and where the variable is declared.
#ifndef THREADFAULT_DIAGNOSE_DATA_NAMES_HPP
#define THREADFAULT_DIAGNOSE_DATA_NAMES_HPP

#include "diagnose/symbolizer.hpp"

#include <elfutils/libdwfl.h>

#include <optional>

namespace threadfault::diagnose {

// From the module's debug information, as far as a bounded look into it goes: big programs have
// millions of entries, and the caller waits. std::nullopt: no variable there is known.
std::optional<DataPlace> find_data(Dwfl_Module* module, std::uint64_t address);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_DATA_NAMES_HPP
