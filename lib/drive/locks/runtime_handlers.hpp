// Signal handlers that a program has only because of the runtime that it is written for.
#ifndef THREADFAULT_DRIVE_LOCKS_RUNTIME_HANDLERS_HPP
#define THREADFAULT_DRIVE_LOCKS_RUNTIME_HANDLERS_HPP

#include "observe/process.hpp"

#include <cstdint>

namespace threadfault::drive {

// Those of the caught signals (bit N-1 is signal N) whose handler is the runtime's own and does
// nothing that a program could wait for: it ends the program, as the default action would. What the
// program itself has put in its place is not among them. Looks from outside; 0 where nothing is
// known.
std::uint64_t runtime_handlers(const observe::Process& process, std::uint64_t caught);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_RUNTIME_HANDLERS_HPP
