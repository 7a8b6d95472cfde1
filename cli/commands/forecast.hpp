// threadfault kill --dry-run: parsed by the command, done by the program that has libdw and
// libunwind.
#ifndef THREADFAULT_CLI_COMMANDS_FORECAST_HPP
#define THREADFAULT_CLI_COMMANDS_FORECAST_HPP

#include "commands/thread_options.hpp"
#include "drive/faults/plan.hpp"
#include "invocation.hpp"

namespace threadfault::cli {

// Defined by either program, as run_stack() is.
// `plan`: one that only judges.
int run_forecast(const ThreadOptions& options, const drive::Plan& plan,
                 const Invocation& invocation);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_FORECAST_HPP
