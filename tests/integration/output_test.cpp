// Every command whose output can't be written says so, and ends with 8.
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace threadfault::test {
namespace {

std::string quoted(const std::string& word) {
    return "'" + word + "'";  // no word here has one
}

// The command with a redirection of the shell's.
CliResult run_redirected(const std::vector<std::string>& arguments,
                         const std::string& redirection) {
    std::string line = "exec";
    for (const std::string& word : cli_command(arguments))
        line += " " + quoted(word);
    Process process({"/bin/sh", "-c", line + " " + redirection});
    process.close_input();
    CliResult result;
    if (const auto exit = process.wait(2 * kPatience)) result.exit_code = exit->status();
    result.out = process.output();
    result.err = process.errors();
    return result;
}

struct Written {
    const char* label;
    std::vector<const char*> arguments;  // "PID": the target's, "FILE": a scenario file
};

void PrintTo(const Written& one, std::ostream* stream) {
    *stream << one.label;
}

class OutputIsLost : public testing::TestWithParam<Written> {};

TEST_P(OutputIsLost, IsToldAndEndsWithEight) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string name = testing::TempDir() + "output-" + std::to_string(getpid());
    std::ofstream(name + ".toml") << "[target]\ncommand = [\"/bin/sleep\", \"1000\"]\n"
                                  << "[[test]]\nname = \"t\"\n"
                                  << "steps = [ { expect = { alive = true } } ]\n";
    for (const std::string redirection : {">/dev/full", ">&-"}) {
        SCOPED_TRACE(redirection);
        std::vector<std::string> arguments;
        for (const std::string word : GetParam().arguments) {
            arguments.push_back(word == "PID"       ? target.pid_text()
                                : word == "FILE"    ? name + ".toml"
                                : word == "JOURNAL" ? name + ".jsonl"
                                                    : word);
        }
        // `events` writes when something happens.
        std::atomic<bool> done = false;
        std::thread something([&] {
            while (!done && GetParam().label == std::string("events"))
                target.command("interrupt", {"name=sleeper"});
        });
        const CliResult result = run_redirected(arguments, redirection);
        done = true;
        something.join();
        EXPECT_EQ(result.exit_code, 8) << result;
        EXPECT_NE(result.err.find("can't write to standard output"), std::string::npos) << result;
        std::remove((name + ".jsonl").c_str());
    }
    // Nothing of a storm is left in force.
    EXPECT_NE(target.ask("counts"), "");
    std::remove((name + ".toml").c_str());
}

const Written kWritten[] = {
    {"help", {"--help"}},
    {"version", {"--version"}},
    {"help_of_a_command", {"kill", "--help"}},
    {"targets", {"ps"}},
    {"ps", {"ps", "PID"}},
    {"ps_json", {"ps", "PID", "--json"}},
    {"dry_run", {"kill", "PID", "name=sleeper", "--dry-run"}},
    {"interrupt", {"interrupt", "PID", "name=sleeper"}},
    {"signal", {"signal", "PID", "name=sleeper", "URG"}},
    {"stack", {"stack", "PID"}},
    {"locks", {"locks", "PID"}},
    {"locks_dot", {"locks", "PID", "--dot"}},
    {"watch", {"watch", "PID", "--for", "10ms"}},
    {"events", {"events", "PID"}},
    {"inject", {"inject", "PID", "--list"}},
    {"storm", {"storm", "PID", "--faults", "freeze=1h", "--every", "10ms", "--journal", "JOURNAL"}},
    {"test", {"test", "FILE"}},
    {"test_tap", {"test", "--tap", "FILE"}},
    {"test_json", {"test", "--json", "FILE"}},
    {"test_check", {"test", "--check", "FILE"}},
    {"doctor", {"doctor"}},
    {"doctor_pid", {"doctor", "PID"}},
    {"completion", {"completion", "bash"}},
};
INSTANTIATE_TEST_SUITE_P(Commands, OutputIsLost, testing::ValuesIn(kWritten),
                         [](const auto& info) { return std::string(info.param.label); });

TEST(OutputIsLost, OfReportsToo) {
    const std::string file = testing::TempDir() + "report-" + std::to_string(getpid()) + ".toml";
    std::ofstream(file) << "[target]\ncommand = [\"/bin/sleep\", \"1000\"]\n"
                        << "[[test]]\nname = \"t\"\n"
                        << "steps = [ { expect = { alive = true } } ]\n";
    const CliResult junit = run_cli({"test", "--junit", "/dev/full", file});
    EXPECT_EQ(junit.exit_code, 8) << junit;
    EXPECT_NE(junit.err.find("--junit /dev/full: "), std::string::npos) << junit;
    std::remove(file.c_str());

    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const CliResult storm =
        run_cli({"storm", target.pid_text(), "--for", "50ms", "--journal", "/dev/full"});
    EXPECT_EQ(storm.exit_code, 8) << storm;
    EXPECT_NE(storm.err.find("can't write the journal /dev/full: "), std::string::npos) << storm;
}

// The agent's socket must not get the number of a closed stream: what is printed would go there.
TEST(OutputIsLost, AndGoesNowhereElse) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const CliResult result = run_redirected({"ps", target.pid_text()}, "<&- >&- 2>&-");
    EXPECT_EQ(result.exit_code, 8) << result;
    EXPECT_EQ(target.command("ps").exit_code, 0);
    // A program finds its streams as whoever started the command left them.
    const CliResult run = run_redirected(
        {"run", "--", "/bin/sh", "-c", "test ! -e /proc/self/fd/1 && echo closed >&2"}, ">&-");
    EXPECT_EQ(run.err, "closed\n") << run;
}

}  // namespace
}  // namespace threadfault::test
