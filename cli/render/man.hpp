// Manual pages, from the very objects that parse the commands and print their help.
#ifndef THREADFAULT_CLI_RENDER_MAN_HPP
#define THREADFAULT_CLI_RENDER_MAN_HPP

#include "command.hpp"

#include <string>

namespace threadfault::cli {

// threadfault(1) and threadfault-COMMAND(1), in man(7).
std::string overview_page();
std::string command_page(const Command& command, const CLI::App& app, const Invocation& invocation);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_MAN_HPP
