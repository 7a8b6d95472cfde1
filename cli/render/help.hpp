#ifndef THREADFAULT_CLI_RENDER_HELP_HPP
#define THREADFAULT_CLI_RENDER_HELP_HPP

#include "command.hpp"

#include <string>

namespace CLI {
class Option;
}

namespace threadfault::cli {

// `threadfault --help`
std::string overview(const Style& style);

// `threadfault COMMAND --help`, from the App that parses the command.
std::string command_help(const Command& command, const CLI::App& app, const Invocation& invocation,
                         const Style& style);

// Parts of it: "threadfault kill [OPTIONS] PID THREAD", "    --wait TIME".
std::string usage_line(const Command& command, const CLI::App& app, const Invocation& invocation);
std::string option_text(const CLI::Option& option);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_HELP_HPP
