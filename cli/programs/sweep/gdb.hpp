// One experiment under a debugger.
#ifndef THREADFAULT_CLI_PROGRAMS_SWEEP_GDB_HPP
#define THREADFAULT_CLI_PROGRAMS_SWEEP_GDB_HPP

#include "sweep/frame.hpp"
#include "sweep/model.hpp"
#include "sweep/options.hpp"

namespace threadfault::sweep {

// Becomes gdb, with the program and the one fault; it stops where the fault is about to happen.
// Throws Error where it can't.
[[noreturn]] void become_gdb(const Setup& setup, const Options& options,
                             const Experiment& experiment);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_CLI_PROGRAMS_SWEEP_GDB_HPP
