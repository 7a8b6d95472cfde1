// The language runtime that a process runs in, told by what it has mapped; and what the end of one
// of its threads means there (docs/runtimes.md has what was measured).
#ifndef THREADFAULT_DIAGNOSE_RUNTIMES_HPP
#define THREADFAULT_DIAGNOSE_RUNTIMES_HPP

#include "observe/maps.hpp"

#include <string_view>

namespace threadfault::observe {
class Memory;
}

namespace threadfault::diagnose {

struct Runtime {
    std::string_view name;    // "a JVM"
    std::string_view code;    // "jvm", in JSON
    std::string_view advice;  // in a line
    // GLOBs for the names of its files: the program itself, or a library.
    const char* files[3] = {};
};

// nullptr: none that is known. `memory` of the same process: a Go program has no library of Go's.
const Runtime* runtime_of(const observe::Maps& maps, const observe::Memory& memory);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_RUNTIMES_HPP
