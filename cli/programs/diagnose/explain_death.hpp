// Why a process aborted, from what `kill` kept of the victim before.
#ifndef THREADFAULT_CLI_PROGRAMS_DIAGNOSE_EXPLAIN_DEATH_HPP
#define THREADFAULT_CLI_PROGRAMS_DIAGNOSE_EXPLAIN_DEATH_HPP

namespace threadfault::cli {

// A drive::LastLook on standard input, one sentence or nothing on standard output.
int explain_death();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_DIAGNOSE_EXPLAIN_DEATH_HPP
