// Ctrl-C as a request to stop: long-running commands check it and clean up before they end.
#ifndef THREADFAULT_CLI_COMMANDS_STOP_REQUEST_HPP
#define THREADFAULT_CLI_COMMANDS_STOP_REQUEST_HPP

namespace threadfault::cli {

// From now on SIGINT and SIGTERM only set the flag that interrupted() returns.
void end_on_interrupt();
bool interrupted() noexcept;

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_STOP_REQUEST_HPP
