#include "support/cli.hpp"

#include <gtest/gtest.h>

namespace threadfault::test {

std::string command_path() {
    return THREADFAULT_COMMAND;
}

std::string shim_path() {
    return THREADFAULT_SHIM;
}

std::string CliResult::text(const std::string& key) const {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return {};
    return json[key].get<std::string>();
}

std::vector<std::string> cli_command(const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {command_path(), "--shim", shim_path()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

CliResult run_cli(const std::vector<std::string>& arguments, const SpawnOptions& options) {
    Process process(cli_command(arguments), options);
    process.close_input();
    CliResult result;
    if (const auto exit = process.wait(2 * kPatience)) result.exit_code = exit->status();
    result.out = process.output();
    result.err = process.errors();
    const std::string& text = result.out.empty() ? result.err : result.out;
    result.json = nlohmann::json::parse(text, nullptr, false);
    if (result.json.is_discarded()) result.json = nullptr;
    // What every object of every command has, in every test that looks at one.
    if (result.json.is_object()) {
        EXPECT_EQ(result.json.value("schema", 0), 1) << text;
    }
    return result;
}

bool installed(const std::string& program) {
    return run_cli({"run", "--", program, "--version"}).exit_code != 127;
}

std::ostream& operator<<(std::ostream& stream, const CliResult& result) {
    return stream << "exit code " << result.exit_code << ", stdout: " << result.out
                  << ", stderr: " << result.err;
}

}  // namespace threadfault::test
