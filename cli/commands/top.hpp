// threadfault top: parsed by the command, done by the program that has ncurses.
#ifndef THREADFAULT_CLI_COMMANDS_TOP_HPP
#define THREADFAULT_CLI_COMMANDS_TOP_HPP

#include "invocation.hpp"

#include <string>

namespace threadfault::cli {

struct TopOptions {
    std::string pid;
    std::string thread;
    std::string duration;
    std::string interval = "1s";
    std::string sort = "cpu";
    bool tree = false;
    bool locks = false;
    bool once = false;
};

// Defined by each program: that which has ncurses does it, the others become it.
int run_top(const TopOptions& options, const Invocation& invocation);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_TOP_HPP
