// What the command line makes of an error: the exit code that it ends with, and what to do next.
#ifndef THREADFAULT_CLI_RENDER_ERROR_TABLE_HPP
#define THREADFAULT_CLI_RENDER_ERROR_TABLE_HPP

#include "threadfault/error.hpp"

#include <string>

namespace threadfault::cli {

// The documented exit codes (threadfault(1), EXIT STATUS).
enum class ExitCode : int {
    done = 0,
    bad_verdict = 1,
    usage = 2,
    no_such_thread = 3,  // no such process or thread, or an ambiguous selector
    no_agent = 4,
    not_permitted = 5,
    no_effect = 6,  // the fault did not take effect in time
    target_died = 7,
    internal = 8,  // threadfault itself could not do its work
};

[[nodiscard]] ExitCode exit_code(ErrorCode code) noexcept;
[[nodiscard]] int exit_status(const Error& error) noexcept;
// What `run` ends with when the program can't be started, as shells have it: 127 not found, 126 not
// executable.
[[nodiscard]] int cannot_start_status(ErrorCode code) noexcept;

// What to do, in the words of the command line; "" when there is nothing to say.
[[nodiscard]] std::string hint(const Error& error);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_ERROR_TABLE_HPP
