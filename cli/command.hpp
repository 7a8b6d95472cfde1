// The commands, and the options that all of them take.
#ifndef THREADFAULT_CLI_COMMAND_HPP
#define THREADFAULT_CLI_COMMAND_HPP

#include "invocation.hpp"

#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace threadfault::cli {

struct Command {
    std::string_view name;
    std::string_view summary;
    void (*setup)(CLI::App& app, Invocation& invocation);
    bool hidden = false;
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);

// An App with the options that every command takes, and then the command's own. Only the command
// that argv names is ever set up: this is what start-up costs.
void setup(const Command& command, CLI::App& app, Invocation& invocation);

// Those that every command takes, alone: they may stand before its name.
void setup_common(CLI::App& app, Invocation& invocation);

// "threadfault 0.2.0"
std::string version_text();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMAND_HPP
