// Parses the command line and runs the command.
#ifndef THREADFAULT_CLI_COMMAND_LINE_HPP
#define THREADFAULT_CLI_COMMAND_LINE_HPP

namespace threadfault::cli {

// The whole program: never throws.
int run_command_line(int argc, char** argv);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMAND_LINE_HPP
