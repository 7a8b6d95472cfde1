#ifndef THREADFAULT_CLI_RENDER_ERROR_HPP
#define THREADFAULT_CLI_RENDER_ERROR_HPP

#include "render/error_table.hpp"
#include "render/style.hpp"
#include "threadfault/error.hpp"

namespace threadfault::cli {

// One line on stderr: "threadfault: what is wrong (what to do)", or one JSON object.
void report_error(const Error& error, bool json, const Style& style);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_ERROR_HPP
