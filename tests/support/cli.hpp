// Running the threadfault command and looking at what it says.
#ifndef THREADFAULT_TESTS_SUPPORT_CLI_HPP
#define THREADFAULT_TESTS_SUPPORT_CLI_HPP

#include "support/process.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace threadfault::test {

struct CliResult {
    int exit_code = -1;  // -1: it did not end within kPatience
    std::string out;
    std::string err;
    // The standard output (or, if that is empty, the standard error) as one object; null otherwise.
    nlohmann::json json;

    // A text field of `json`, or "".
    std::string text(const std::string& key) const;
};

// threadfault ARGUMENTS…, with the shim of this build.
CliResult run_cli(const std::vector<std::string>& arguments, const SpawnOptions& options = {});

// The whole command line, for Process.
std::vector<std::string> cli_command(const std::vector<std::string>& arguments);

// There is such a program in PATH.
bool installed(const std::string& program);

std::string command_path();
std::string shim_path();

std::ostream& operator<<(std::ostream& stream, const CliResult& result);

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_CLI_HPP
