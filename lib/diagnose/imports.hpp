// Which function of another module a slot of the global offset table stands for: also before the
// loader has bound it, as it does at the first call.
#ifndef THREADFAULT_DIAGNOSE_IMPORTS_HPP
#define THREADFAULT_DIAGNOSE_IMPORTS_HPP

#include "diagnose/remote_memory.hpp"
#include "observe/maps.hpp"

#include <cstdint>
#include <string>

namespace threadfault::diagnose {

// From the dynamic section of the module that the slot lies in: R_X86_64_JUMP_SLOT and
// R_X86_64_GLOB_DAT (x86-64 psABI). "": none of those.
std::string import_at(RemoteMemory& memory, const observe::Maps& maps, std::uint64_t slot);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_IMPORTS_HPP
