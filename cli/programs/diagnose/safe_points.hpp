// threadfault-diagnose __safe-points: which threads can't be unwound from where they are.
#ifndef THREADFAULT_CLI_PROGRAMS_DIAGNOSE_SAFE_POINTS_HPP
#define THREADFAULT_CLI_PROGRAMS_DIAGNOSE_SAFE_POINTS_HPP

namespace threadfault::cli {

// Standard input: "PID", then a line "TID INNER_TID SERIAL" for each thread. Standard output: "TID
// SENTENCE" for each of them that can't.
int safe_points();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_DIAGNOSE_SAFE_POINTS_HPP
