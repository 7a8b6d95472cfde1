#ifndef THREADFAULT_CLI_RENDER_HELP_HPP
#define THREADFAULT_CLI_RENDER_HELP_HPP

#include "command.hpp"

#include <string>

namespace threadfault::cli {

// `threadfault --help`
std::string overview(const Style& style);

// `threadfault COMMAND --help`, from the App that parses the command.
std::string command_help(const Command& command, const CLI::App& app, const Invocation& invocation,
                         const Style& style);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_HELP_HPP
