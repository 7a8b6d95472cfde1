// The files that a process has loaded, from the loader's own list. Next to /proc/<pid>/maps, which
// has two lines for each thread's stack, it costs nothing.
#ifndef THREADFAULT_OBSERVE_LOADED_MODULES_HPP
#define THREADFAULT_OBSERVE_LOADED_MODULES_HPP

#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace threadfault::observe {

struct LoadedModule {
    // Of whole pages, as the loader maps it (PT_LOAD, elf(5)).
    struct Part {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        std::uint64_t offset = 0;  // in the file
        bool writable = false;     // once: what is relocated may be read-only by now
        bool executable = false;
    };
    std::string path;  // as the process sees it
    std::vector<Part> parts;
    std::uint64_t bias = 0;           // from the addresses in the file to those in memory
    std::uint64_t dynamic = 0;        // where its dynamic section lies; 0: it has none
    std::uint64_t unwind_header = 0;  // where .eh_frame_hdr lies; 0: it has none
};

// Read while the process may be loading others (r_debug, <link.h>): what can't be read, or is no
// list, ends it. A static program is the only one of its list.
std::vector<LoadedModule> loaded_modules(const Process& process, const Memory& memory);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_LOADED_MODULES_HPP
