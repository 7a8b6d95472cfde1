// The JSON that scripts read. Keys are a contract: see the manual.
#ifndef THREADFAULT_CLI_RENDER_JSON_HPP
#define THREADFAULT_CLI_RENDER_JSON_HPP

#include "drive/faults/inflict.hpp"
#include "drive/programs/doctor.hpp"
#include "drive/programs/targets.hpp"
#include "render/threads.hpp"
#include "threadfault/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli {

// Each returns one line, with its end.
std::string json_threads(const ThreadReport& report);
std::string json_targets(const std::vector<drive::TargetProcess>& targets);
std::string json_checks(const std::vector<drive::Check>& checks);
std::string json_error(const Error& error);

// The outcome of a command that changes threads; `how` is left out when empty, and `many` puts the
// results into "results".
std::string json_results(pid_t pid, std::string_view fault, std::string_view how,
                         const std::vector<drive::Result>& results, bool many);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_JSON_HPP
