// Ctrl-C as a wish: what takes long looks here and ends in good order.
#ifndef THREADFAULT_CLI_COMMANDS_STOP_REQUEST_HPP
#define THREADFAULT_CLI_COMMANDS_STOP_REQUEST_HPP

namespace threadfault::cli {

// From now on SIGINT and SIGTERM only set what interrupted() tells.
void end_on_interrupt();
bool interrupted() noexcept;

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_STOP_REQUEST_HPP
