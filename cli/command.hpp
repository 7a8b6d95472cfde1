// What every command has in common: its place in the table, its options, its way out.
#ifndef THREADFAULT_CLI_COMMAND_HPP
#define THREADFAULT_CLI_COMMAND_HPP

#include "render/style.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace threadfault::cli {

// One run of the program, from the command line to the exit code.
struct Invocation {
    bool json = false;
    std::string color = "auto";
    std::string shim;
    std::vector<std::string> program;  // `run`: the program and its arguments
    std::vector<std::string> given;    // the whole command line behind the program's name
    std::vector<std::string> words;    // `__complete`: the words to complete, as they are
    std::string usage_tail;            // of the usage line, behind the positional arguments
    std::function<int()> action;       // set by the command's set-up; returns the exit code

    Style style() const;
    Style error_style() const;
};

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

// The whole program: never throws.
int run_command_line(int argc, char** argv);

// "threadfault 0.1.0"
std::string version_text();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMAND_HPP
