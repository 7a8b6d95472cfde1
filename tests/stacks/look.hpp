// `threadfault --json stack`, read.
#ifndef THREADFAULT_TESTS_STACKS_LOOK_HPP
#define THREADFAULT_TESTS_STACKS_LOOK_HPP

#include "support/cli.hpp"

#include <string>
#include <vector>

namespace threadfault::test {

struct Seen {
    CliResult result;
    nlohmann::json thread;               // the first one
    std::vector<std::string> functions;  // its; "?" where a frame has no name

    bool has(const std::string& function) const;
    // Unwound to where libc starts a thread: start_thread and clone, whose names not every
    // distribution's libc keeps.
    bool reaches_the_start() const;
};

Seen look(const std::string& pid, const std::vector<std::string>& more);

std::ostream& operator<<(std::ostream& stream, const Seen& seen);

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_STACKS_LOOK_HPP
