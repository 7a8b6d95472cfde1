// For the programs that a command becomes: which command is meant where they need one.
#ifndef THREADFAULT_CLI_COMMANDS_SAY_WHERE_HPP
#define THREADFAULT_CLI_COMMANDS_SAY_WHERE_HPP

namespace threadfault::cli {

// They ask this very command for stacks, not another one that happens to be in PATH.
void say_where_we_are();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_SAY_WHERE_HPP
