// threadfault stack: the options, which the command parses, and the work, which a program of its
// own does (cli/diagnose): it needs libdw and libunwind, and the command is static.
#ifndef THREADFAULT_CLI_COMMANDS_STACK_HPP
#define THREADFAULT_CLI_COMMANDS_STACK_HPP

#include "invocation.hpp"

#include <cstddef>
#include <string>

namespace threadfault::cli {

struct StackOptions {
    std::string pid;
    std::string thread;
    bool collapse = false;
    bool passive = false;  // as without; what it was for is the rule now
    bool by_signal = false;
    std::size_t depth = 100;
};

// Defined by either program: the static one becomes the other.
int run_stack(const StackOptions& options, const Invocation& invocation);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_STACK_HPP
