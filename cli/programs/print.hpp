// Standard output of the programs that don't link the command's own output (render/text.hpp).
#ifndef THREADFAULT_CLI_PROGRAMS_PRINT_HPP
#define THREADFAULT_CLI_PROGRAMS_PRINT_HPP

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

namespace threadfault::cli {

// Throws Error{not_written} with what errno says.
[[noreturn]] inline void not_written(std::string_view where) {
    const std::error_code cause(errno, std::generic_category());
    throw Error(ErrorCode::not_written, formatted("can't write to {}: {}", where, cause.message()),
                "", cause);
}

// Written at once. Throws Error{not_written}.
inline void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        not_written("standard output");
}

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_PRINT_HPP
