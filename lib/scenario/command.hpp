// Programs beside the target: `run` steps and command probes.
#ifndef THREADFAULT_SCENARIO_COMMAND_HPP
#define THREADFAULT_SCENARIO_COMMAND_HPP

#include "base/run.hpp"
#include "scenario/stop.hpp"

#include <map>
#include <string>
#include <vector>

namespace threadfault::scenario {

struct CommandOptions {
    std::map<std::string, std::string> environment;  // set on top of ours
    std::string directory;                           // "": ours
};

// `output`: standard output and error together, the last 64 KiB.
struct CommandResult : base::RunResult {
    // "exited with code 3", "was ended by SIGKILL", "did not end in time", ...
    std::string text() const;
};

// Waits for its end, at most until `deadline` or a request to stop; then the command is killed,
// with its children as far as they stayed in its process group. Its standard input is empty.
CommandResult run_command(const std::vector<std::string>& command, const CommandOptions& options,
                          TimePoint deadline, const Stop& stop);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_COMMAND_HPP
