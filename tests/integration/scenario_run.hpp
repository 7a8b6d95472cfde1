// Scenario files of a few lines, run by the command.
#ifndef THREADFAULT_TESTS_INTEGRATION_SCENARIO_RUN_HPP
#define THREADFAULT_TESTS_INTEGRATION_SCENARIO_RUN_HPP

#include "support/cli.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace threadfault::test {

// A directory of its own for a file "s.toml", gone at the end.
class ScenarioFile {
public:
    // Behind a [target] and a probe "ping" of scenario_target.
    explicit ScenarioFile(const std::string& tests)
        : ScenarioFile("command = [\"" TARGET_SCENARIO
                       "\", \"{port}\"]\n"
                       "ready = { output = \"^ready\" }\n",
                       "{port}", tests) {}
    ScenarioFile(const std::string& target, const std::string& port, const std::string& tests) {
        std::string name = testing::TempDir() + "scenario-XXXXXX";
        directory_ = mkdtemp(name.data()) != nullptr ? name : "";
        std::ofstream(path()) << "[target]\n"
                              << target << "[[probe]]\nname = \"ping\"\nwithin = \"20s\"\n"
                              << "tcp = { to = \"127.0.0.1:" << port
                              << "\", expect = \"^pong$\" }\n"
                              << tests;
    }
    ~ScenarioFile() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    ScenarioFile(const ScenarioFile&) = delete;
    ScenarioFile& operator=(const ScenarioFile&) = delete;

    std::string path() const { return directory_ + "/s.toml"; }
    // Of another file there.
    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(path(name)).rdbuf();
        return text.str();
    }

    CliResult run(std::vector<std::string> arguments = {}) const {
        arguments.insert(arguments.begin(), {"test", path()});
        return run_cli(arguments);
    }

private:
    std::string directory_;
};

// A file with one test "t" of these steps, a line each.
inline std::string one_test(const std::string& steps, const std::string& more = {}) {
    return "[[test]]\nname = \"t\"\n" + more + "steps = [\n" + steps + "\n]\n";
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_INTEGRATION_SCENARIO_RUN_HPP
