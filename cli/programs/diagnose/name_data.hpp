// Members and declarations of global variables, for `locks`.
#ifndef THREADFAULT_CLI_PROGRAMS_DIAGNOSE_NAME_DATA_HPP
#define THREADFAULT_CLI_PROGRAMS_DIAGNOSE_NAME_DATA_HPP

namespace threadfault::cli {

// "PID ADDRESS..." on standard input; for each address that is known a line
// "ADDRESS MEMBERS LINE FILE" on standard output, MEMBERS "-" where there are none.
int name_data();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_DIAGNOSE_NAME_DATA_HPP
