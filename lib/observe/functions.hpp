// The functions of a program's file, by name.
#ifndef THREADFAULT_OBSERVE_FUNCTIONS_HPP
#define THREADFAULT_OBSERVE_FUNCTIONS_HPP

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace threadfault::observe {

// Addresses as the file was linked, end exclusive.
struct FunctionRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// Those whose demangled name without parameters matches, by address; each once, whatever names it
// has. Empty too when the file can't be read or has no symbols. Thread-safe.
std::vector<FunctionRange> functions_named(
    const std::string& file, const std::function<bool(const std::string& name)>& is_meant);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_FUNCTIONS_HPP
