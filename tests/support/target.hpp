// A program that runs under `threadfault run`, with an agent that answers; or one attached to.
#ifndef THREADFAULT_TESTS_SUPPORT_TARGET_HPP
#define THREADFAULT_TESTS_SUPPORT_TARGET_HPP

#include "support/cli.hpp"
#include "support/process.hpp"

#include <string>
#include <vector>

namespace threadfault::test {

enum class Way { shim, attach };

class Target {
public:
    explicit Target(const std::vector<std::string>& argv, const SpawnOptions& options = {},
                    Way way = Way::shim);

    Process& process() noexcept { return process_; }
    pid_t pid() const noexcept { return process_.pid(); }
    std::string pid_text() const { return std::to_string(process_.pid()); }

    // The agent answers, eventually; the program has been attached to.
    bool ready();

    // threadfault COMMAND PID ARGUMENTS… --json
    CliResult command(const std::string& command, std::vector<std::string> arguments = {}) const;
    // Names of its threads as `ps` shows them.
    std::vector<std::string> thread_names() const;

    // Sends a line to the program and returns the first line of its answer that starts with
    // `answer` (by default the line itself).
    std::string ask(const std::string& line, const std::string& answer = {});

private:
    Way way_;
    Process process_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_TARGET_HPP
