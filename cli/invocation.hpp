// One run of the program, from the command line to the exit code.
#ifndef THREADFAULT_CLI_INVOCATION_HPP
#define THREADFAULT_CLI_INVOCATION_HPP

#include "render/style.hpp"

#include <functional>
#include <string>
#include <vector>

namespace threadfault::cli {

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

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_INVOCATION_HPP
