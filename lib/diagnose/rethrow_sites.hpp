// Where the code of a process throws again what has been caught.
#ifndef THREADFAULT_DIAGNOSE_RETHROW_SITES_HPP
#define THREADFAULT_DIAGNOSE_RETHROW_SITES_HPP

#include "diagnose/callees.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace threadfault::diagnose {

// Addresses of calls of __cxa_rethrow in the program and its own libraries. std::nullopt: there is
// more code than is looked through.
std::optional<std::vector<std::uint64_t>> rethrow_sites(Backtraces& backtraces, Callees& callees);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_RETHROW_SITES_HPP
