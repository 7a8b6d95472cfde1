// The sweep as a target of a guardian: whatever becomes of it, nothing that it has started stays.
#ifndef THREADFAULT_CLI_PROGRAMS_SWEEP_GUARDED_HPP
#define THREADFAULT_CLI_PROGRAMS_SWEEP_GUARDED_HPP

#include <signal.h>

#include <string>

namespace threadfault::sweep {

// Runs this program again, under a guardian, with `options` and "--guarded", and hands on the
// signals that `caught` tells of. Returns what it exits with.
int run_guarded(const std::string& options, const volatile sig_atomic_t& caught);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_CLI_PROGRAMS_SWEEP_GUARDED_HPP
